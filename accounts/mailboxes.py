"""What a reader does with their mail accounts. Each act is whole or not at all, and then tells the sync."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.connections import Security, Server
from accounts.ids import draw_id
from accounts.keyring import Vault
from accounts.models import ContentKey, MailAccount, User
from accounts.ownership import acting_as
from accounts.sealing import MAGIC
from accounts.signals import sync_wanted

_SECRETS = ("name", "address", "host", "username")
_DELETE_AT_ONCE = 500
_A_MOMENT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Details:
    """A mail account, opened. `password` is empty where it is not at hand or shall stay."""

    name: str
    address: str
    host: str
    port: int
    security: str
    username: str
    password: str = field(default="", repr=False)
    sync_every: int = 300
    has_password: bool = True

    @property
    def place(self) -> tuple[str, int, str, str]:
        """Where the password goes: another place gets no stored password."""
        return self.host.lower(), self.port, self.security, self.username

    def server(self, password: str = "") -> Server:
        """The same for a connection; `password` where ours is empty."""
        security = cast(Security, self.security)
        return Server(self.host, self.port, security, self.username, self.password or password)


def read(vault: Vault, row: MailAccount) -> Details:
    """What is stored, without the password. Raises CannotOpen."""
    opened = {name: vault.open_text(row, name) for name in _SECRETS}
    return Details(
        **opened,
        port=row.port,
        security=row.security,
        sync_every=row.sync_every,
        has_password=row.password is not None,
    )


def password_of(vault: Vault, row: MailAccount) -> str:
    """The stored password, "" where none is. Raises CannotOpen."""
    return "" if row.password is None else vault.open_text(row, "password")


def add(vault: Vault, details: Details) -> MailAccount:
    """A new account; its first sync begins at once. A form that was sent twice makes one."""
    row = MailAccount(pk=draw_id(MailAccount), owner_id=vault.owner, next_sync_at=timezone.now())
    with acting_as(vault.owner):
        User.objects.select_for_update().get(pk=vault.owner)  # the second of two waits, and finds the first's
        if same := _just_added(vault, details):
            return same
        _write(vault, row, details)
        row.password = vault.seal_secret(row, "password", details.password.encode())
        row.save(force_insert=True)
        _tell(row)
    return row


def _just_added(vault: Vault, details: Details) -> MailAccount | None:
    """The account of a moment ago that leads to the same mailbox."""
    lately = MailAccount.objects.for_user(vault.owner).filter(made_at__gt=timezone.now() - _A_MOMENT)
    return next((row for row in lately if read(vault, row).place == details.place), None)


def change(vault: Vault, row: MailAccount, details: Details) -> None:
    """Write what is new. Another server, port, encryption or user name wipes the stored password; a run that
    still talks to the old place is overtaken."""
    moved = details.place != read(vault, row).place
    with acting_as(vault.owner):
        _write(vault, row, details)
        if details.password:
            row.password = vault.seal_secret(row, "password", details.password.encode())
        elif moved:
            row.password = None
        row.save(update_fields=[*_SECRETS, "port", "security", "password", "sync_every"])
        if moved or details.password:
            _update(row, fence=F("fence") + 1, lease_until=None)
        if row.state != MailAccount.State.PAUSED:
            _wake(row)


def pause(row: MailAccount) -> None:
    """Until the reader resumes it. A run stops at its next batch."""
    with acting_as(row.owner_id):
        _update(row, state=MailAccount.State.PAUSED, queued_at=None)


def resume(row: MailAccount) -> None:
    """Go on, whatever stopped it."""
    with acting_as(row.owner_id):
        _wake(row)


def sync_now(row: MailAccount) -> None:
    """As soon as a worker is free. A paused account stays paused."""
    if row.state != MailAccount.State.PAUSED:
        resume(row)


def let_go(row: MailAccount) -> None:
    """The reader said that the mail which is gone from the server may go here too."""
    with acting_as(row.owner_id):
        _update(row, gone_accepted_at=timezone.now())
        _wake(row)


def keep(row: MailAccount) -> None:
    """The reader said that it stays: nothing is dropped, and a sync that finds it still gone asks again."""
    with acting_as(row.owner_id):
        _update(row, error="", gone_accepted_at=None)


def delete(row: MailAccount) -> None:
    """The end of an account and of its mail here: the keys first, so that nothing left over can be opened."""
    keys = _shred(row)
    mails = row.emails.all()
    while ids := list(mails.values_list("pk", flat=True)[:_DELETE_AT_ONCE]):
        with acting_as(row.owner_id):
            mails.filter(pk__in=ids).delete()
    with acting_as(row.owner_id):
        MailAccount.objects.for_user(row.owner_id).filter(pk=row.pk).delete()
        ContentKey.objects.for_user(row.owner_id).filter(pk__in=keys).delete()


def _shred(row: MailAccount) -> list[int]:
    """Stop the sync and destroy password and content keys. Returns the keys' ids."""
    with acting_as(row.owner_id):
        # The row's lock waits for a batch that is being written; whoever wrote it finds no lease afterwards.
        _update(row, state=MailAccount.State.PAUSED, fence=F("fence") + 1, lease_until=None, password=None)
        mine = ContentKey.objects.for_user(row.owner_id)
        keys = list(mine.filter(emails__account=row).values_list("pk", flat=True).distinct())
        mine.filter(pk__in=keys).update(sealed=MAGIC)
    return keys


def _write(vault: Vault, row: MailAccount, details: Details) -> None:
    for name in _SECRETS:
        setattr(row, name, vault.seal_secret(row, name, getattr(details, name).encode()))
    row.port, row.security, row.sync_every = details.port, details.security, details.sync_every


def _wake(row: MailAccount) -> None:
    values = {"state": MailAccount.State.ACTIVE, "error": "", "failures": 0, "starts": 0}
    _update(row, **values, next_sync_at=timezone.now())
    _tell(row)


def _update(row: MailAccount, **values: Any) -> None:
    MailAccount.objects.for_user(row.owner_id).filter(pk=row.pk).update(**values)


def _tell(row: MailAccount) -> None:
    """After the commit. Who listens may fail: the row says that the account is due, and dispatch finds it."""
    transaction.on_commit(
        lambda: sync_wanted.send_robust(MailAccount, account=row.pk, owner=row.owner_id) and None
    )
