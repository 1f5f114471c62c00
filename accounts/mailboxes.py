"""What a reader does with their mail accounts. Each act is whole or not at all, and then tells the sync."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts import keyring
from accounts.connections import Security, Server
from accounts.ids import draw_id
from accounts.keyring import Vault, WorkerKeys
from accounts.models import ContentKey, MailAccount
from accounts.networks import IMAP_PORTS
from accounts.oauth import renewing
from accounts.ownership import acting_as
from accounts.sealing import MAGIC, CannotOpen
from accounts.signals import sync_wanted

#: Stands in `Email.uidvalidity` for mail from where the account was before: to be found again by its bytes.
ELSEWHERE = -1
#: The same, which the reader wants to keep though it is nowhere now.
KEPT = -2

#: Codes in `MailAccount.error`: it is being deleted (`accounts.deleting`), and no page lets it be touched.
DELETING = "deleting"
#: It came with an import and has no password yet.
IMPORTED = "imported"
RESTING = "resting"  # an import writes into it

_SECRETS = ("name", "address", "host", "username")
_COLUMNS = (
    *_SECRETS, "port", "security", "auth", "password", "token", "smtp_host", "smtp_port", "smtp_security",
    "smtp_username", "smtp_password", "since", "left_out", "sync_every",
)  # fmt: skip
_DELETE_AT_ONCE = 500
_A_MOMENT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Where mail is sent through. An empty `username` is IMAP's.

    `own_password`: it has one of its own, which is empty here where it is not at hand or shall stay. Else
    IMAP's serves.
    """

    host: str
    port: int
    security: str
    username: str = ""
    own_password: bool = False
    password: str = field(default="", repr=False)
    has_password: bool = True


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
    auth: str = "password"
    smtp: Outgoing | None = None
    since: date | None = None
    left_out: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, int, str, str]:
        """Where the password goes: another place gets no stored password."""
        return self.host.lower(), self.port, self.security, self.username

    @property
    def smtp_place(self) -> tuple[str, int, str, str, bool] | None:
        """The same for sending; which of the passwords it is belongs to it."""
        if self.smtp is None:
            return None
        smtp, username = self.smtp, self.smtp.username or self.username
        return smtp.host.lower(), smtp.port, smtp.security, username, smtp.own_password

    def server(self, password: str = "") -> Server:
        """The same for a connection; `password` where ours is empty."""
        security = cast(Security, self.security)
        return Server(self.host, self.port, security, self.username, self.password or password)

    def smtp_server(self, password: str = "") -> Server | None:
        """The server for sending; `password` where none was typed."""
        if self.smtp is None:
            return None
        smtp, security = self.smtp, cast(Security, self.smtp.security)
        typed = smtp.password if smtp.own_password else self.password
        return Server(smtp.host, smtp.port, security, smtp.username or self.username, typed or password)

    def same_mailbox(self, other: "Details") -> bool:
        """Whether the mail must be the same: one user of one host, at ports that are IMAP's everywhere."""
        who = (self.host.lower(), self.username) == (other.host.lower(), other.username)
        return who and (self.port == other.port or {self.port, other.port} <= IMAP_PORTS)


def read(vault: Vault, row: MailAccount) -> Details:
    """What is stored, without the passwords. Raises CannotOpen."""
    opened = {name: vault.open_text(row, name) for name in _SECRETS}
    return Details(
        **opened,
        port=row.port,
        security=row.security,
        sync_every=row.sync_every,
        has_password=row.password is not None,
        auth=row.auth,
        smtp=_outgoing(vault, row),
        since=row.since,
        left_out=tuple(sorted(left_out(vault, row))),
    )


def password_of(vault: WorkerKeys, row: MailAccount) -> str:
    """The stored password, "" where none is. Raises CannotOpen."""
    return "" if row.password is None else vault.open_text(row, "password")


def smtp_password_of(vault: WorkerKeys, row: MailAccount) -> str:
    """The stored password for sending, IMAP's where it has none of its own. Raises CannotOpen."""
    return password_of(vault, row) if row.smtp_password is None else vault.open_text(row, "smtp_password")


def left_out(keys: WorkerKeys, row: MailAccount) -> frozenset[str]:
    """The names of folders that are not synced. Raises CannotOpen."""
    return frozenset() if row.left_out is None else frozenset(json.loads(keys.open_secret(row, "left_out")))


def folder_names(vault: Vault, row: MailAccount) -> list[str]:
    """The names of the account's folders as the server spells them, but for the inbox. Raises CannotOpen."""
    folders: QuerySet[Any] = cast(Any, row).folders.exclude(role="inbox").order_by("pk")
    return sorted({json.loads(vault.open_secret(folder, "name"))["name"] for folder in folders})


def count(row: MailAccount) -> int:
    """How many mails are here."""
    mails: int = _mails(row).count()
    return mails


def add(vault: Vault, details: Details) -> MailAccount:
    """A new account; its first sync begins at once. A form that was sent twice makes one."""
    row = MailAccount(pk=draw_id(MailAccount), owner_id=vault.owner, next_sync_at=timezone.now())
    with acting_as(vault.owner):
        keyring.hold(vault)  # the second of two waits, and finds the first's
        if same := _just_added(vault, details):
            return same
        _write(vault, row, details)
        row.password = vault.seal_secret(row, "password", details.password.encode())
        if details.smtp and details.smtp.own_password:
            row.smtp_password = vault.seal_secret(row, "smtp_password", details.smtp.password.encode())
        row.save(force_insert=True)
        _tell(row)
    return row


def _just_added(vault: Vault, details: Details) -> MailAccount | None:
    """The account of a moment ago that leads to the same mailbox."""
    lately = MailAccount.objects.for_user(vault.owner).filter(made_at__gt=timezone.now() - _A_MOMENT)
    return next((row for row in lately if read(vault, row).place == details.place), None)


def change(vault: Vault, row: MailAccount, details: Details) -> None:
    """Write what is new; mail that is here stays.

    Another server, port, encryption or user name wipes the stored password or token, for IMAP and for sending
    each on its own; a run that still talks to the old place is overtaken. Mail of another place is found
    again by its bytes.
    """
    with acting_as(vault.owner):
        keyring.hold(vault)
        row.refresh_from_db()
        before = read(vault, row)
        _write(vault, row, details)
        _keep_or_wipe(vault, row, before, details)
        row.save(update_fields=_COLUMNS)
        _settle(vault, row, before, details)
        if row.state != MailAccount.State.PAUSED:
            _wake(row)


def _keep_or_wipe(vault: Vault, row: MailAccount, before: Details, details: Details) -> None:
    """What is stored goes to the place that it was given for, and to no other."""
    if details.password or details.place != before.place:
        renewing.give_back(vault, row)
    if details.password:
        row.password = vault.seal_secret(row, "password", details.password.encode())
        row.auth, row.token = MailAccount.Auth.PASSWORD, None
    elif details.place != before.place:
        row.auth, row.password, row.token = MailAccount.Auth.PASSWORD, None, None
    if details.smtp is None:
        row.smtp_password = None
    elif details.smtp.password:
        row.smtp_password = vault.seal_secret(row, "smtp_password", details.smtp.password.encode())
    elif details.smtp_place == before.smtp_place:
        return
    elif details.smtp.own_password or (row.token is None and not details.password):
        row.smtp_password = vault.seal_secret(row, "smtp_password", b"")  # one of its own: to be entered
    else:
        row.smtp_password = None


def _settle(vault: Vault, row: MailAccount, before: Details, details: Details) -> None:
    """What a change means for the sync: who is at work with the old values is overtaken."""
    other_mailbox = not details.same_mailbox(before)
    if other_mailbox:
        _set_apart(row)
    if set(details.left_out) != set(before.left_out):
        _unmark(vault, row, set(details.left_out) - set(before.left_out))
    looks = (details.since, set(details.left_out)) != (before.since, set(before.left_out))
    if other_mailbox or looks:
        _forget_marks(row)
    if details.place != before.place or details.password or looks:
        _update(row, fence=F("fence") + 1, lease_until=None)


def _set_apart(row: MailAccount) -> None:
    """UIDs of another place name other mails, whatever its UIDVALIDITY says."""
    _mails(row).exclude(uidvalidity=KEPT).update(uidvalidity=ELSEWHERE, uid=F("pk"), missing_since=None)
    _update(row, gone_accepted_at=None, first_synced_at=None)


def _forget_marks(row: MailAccount) -> None:
    """Every folder is listed anew."""
    cast(Any, row).folders.update(uidnext=None, exists=None, highestmodseq=None, synced_at=None)


def _unmark(vault: Vault, row: MailAccount, names: set[str]) -> None:
    """Mail of a folder that is left out from now on is not about to go."""
    out = [folder.pk for folder in _folders(vault, row, names)]
    _mails(row).filter(folder__in=out).update(missing_since=None)
    cast(Any, row).folders.filter(pk__in=out).update(missing_since=None)


def _folders(vault: Vault, row: MailAccount, names: set[str]) -> list[Any]:
    """The account's folders of these names."""
    folders = cast(Any, row).folders.exclude(role="inbox")
    return [one for one in folders if json.loads(vault.open_secret(one, "name"))["name"] in names]


def pause(row: MailAccount) -> None:
    """Until the reader resumes it. A run stops at its next batch."""
    with acting_as(row.owner_id):
        _update(row, state=MailAccount.State.PAUSED, queued_at=None)


def rest(row: MailAccount) -> None:
    """Paused while an import writes into it; `wake_rested` of the housekeeping looks after a broken one."""
    with acting_as(row.owner_id):
        _stop(row)
        _update(row, error=RESTING, queued_at=None)


def go_on(row: MailAccount) -> None:
    """It has rested; unless its reader has decided otherwise meanwhile."""
    with acting_as(row.owner_id):
        if living(row.owner_id).filter(pk=row.pk, error=RESTING).exists():
            _wake(row)


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
    """The reader said that it stays: nothing is dropped, and a sync that finds it still gone asks again.

    Mail from where the account was before stays for good.
    """
    with acting_as(row.owner_id):
        _mails(row).filter(uidvalidity=ELSEWHERE).update(uidvalidity=KEPT)
        _update(row, error="", gone_accepted_at=None)


def bring(vault: Vault, details: Details) -> MailAccount:
    """The account that an import belongs to: the one that leads to the same mailbox, else a new one, paused.

    A new one waits for its reader to enter the password; the sync then finds its mail again by its bytes.
    """
    with acting_as(vault.owner):
        keyring.hold(vault)
        rows = living(vault.owner).order_by("pk")
        for row in rows:
            if _leads_to(vault, row, details):
                return row
        row = MailAccount(pk=draw_id(MailAccount), owner_id=vault.owner)
        row.state, row.error, row.next_sync_at = MailAccount.State.PAUSED, IMPORTED, None
        _write(vault, row, details)
        row.save(force_insert=True)
    return row


def _leads_to(vault: Vault, row: MailAccount, details: Details) -> bool:
    """Whether it is the same mailbox. A damaged row leads nowhere."""
    try:
        there = read(vault, row)
    except CannotOpen:
        return False
    return (there.place, there.address) == (details.place, details.address)


def living(owner: Any) -> QuerySet[MailAccount]:
    """The reader's accounts but for those that are being deleted: nothing more is done with these."""
    return MailAccount.objects.for_user(owner).exclude(error=DELETING)


def shred(row: MailAccount) -> None:
    """The end of an account begins: what opens it or its mail is destroyed, in one transaction.

    A key seals mail of one account only.
    """
    with acting_as(row.owner_id):
        _stop(row)
        _update(row, password=None, token=None, smtp_password=None, error=DELETING, next_sync_at=None)
        mine = ContentKey.objects.for_user(row.owner_id)
        mine.filter(pk__in=_mails(row).values("content_key")).update(sealed=MAGIC)


def empty(row: MailAccount) -> None:
    """All mail of an account goes from here, and its folders; the account stays, paused."""
    with acting_as(row.owner_id):
        _stop(row)
    _remove(row, lambda: _mails(row))
    with acting_as(row.owner_id):
        cast(Any, row).folders.all().delete()
        _update(row, first_synced_at=None, gone_accepted_at=None)


def empty_folders(vault: Vault, row: MailAccount, names: set[str]) -> None:
    """The mail of folders that are left out goes from here."""
    with acting_as(row.owner_id):
        out = [folder.pk for folder in _folders(vault, row, names)]
    _remove(row, lambda: _mails(row).filter(folder__in=out))


def start_over(vault: Vault, row: MailAccount, details: Details) -> None:
    """Write what is new; the mail that is here goes first."""
    was = row.state
    empty(row)
    change(vault, row, details)
    if was != MailAccount.State.PAUSED:
        resume(row)


def _stop(row: MailAccount) -> None:
    """The row's lock waits for a batch that is being written; whoever wrote it finds no lease afterwards."""
    _update(row, state=MailAccount.State.PAUSED, fence=F("fence") + 1, lease_until=None)


def _remove(row: MailAccount, mails: Callable[[], QuerySet[Any]]) -> None:
    """Mail goes, in batches: the keys that open nothing else first."""
    keys = _shred(row, mails)
    while _remove_some(row, mails):
        pass
    with acting_as(row.owner_id):
        ContentKey.objects.for_user(row.owner_id).filter(pk__in=keys).delete()


def _shred(row: MailAccount, mails: Callable[[], QuerySet[Any]]) -> list[int]:
    """Destroy the content keys of these mails, but for those that open other mail too. Returns their ids.

    A key seals mail of one account only.
    """
    with acting_as(row.owner_id):
        mine = ContentKey.objects.for_user(row.owner_id)
        used = set(mails().values_list("content_key", flat=True).distinct())
        going = mails().values_list("pk", flat=True)
        others = _mails(row).filter(content_key__in=used).exclude(pk__in=going)
        keys = used - set(others.values_list("content_key", flat=True).distinct())
        mine.filter(pk__in=keys).update(sealed=MAGIC)
    return sorted(keys)


def _remove_some(row: MailAccount, mails: Callable[[], QuerySet[Any]]) -> bool:
    """A batch, in a transaction. False: there was none left."""
    with acting_as(row.owner_id):
        ids = list(mails().values_list("pk", flat=True)[:_DELETE_AT_ONCE])
        mails().filter(pk__in=ids).delete()
    return bool(ids)


def _outgoing(vault: Vault, row: MailAccount) -> Outgoing | None:
    if row.smtp_host is None:
        return None
    return Outgoing(
        host=vault.open_text(row, "smtp_host"),
        port=row.smtp_port or 465,
        security=row.smtp_security,
        username="" if row.smtp_username is None else vault.open_text(row, "smtp_username"),
        own_password=row.smtp_password is not None,
        has_password=row.smtp_password is None or vault.open_secret(row, "smtp_password") != b"",
    )


def _write(vault: Vault, row: MailAccount, details: Details) -> None:
    for name in _SECRETS:
        setattr(row, name, vault.seal_secret(row, name, getattr(details, name).encode()))
    row.port, row.security, row.sync_every = details.port, details.security, details.sync_every
    row.since = details.since
    names = json.dumps(sorted(set(details.left_out))).encode()
    row.left_out = vault.seal_secret(row, "left_out", names) if details.left_out else None
    _write_smtp(vault, row, details.smtp)


def _write_smtp(vault: Vault, row: MailAccount, smtp: Outgoing | None) -> None:
    if smtp is None:
        row.smtp_host = row.smtp_port = row.smtp_username = None
        return
    row.smtp_host = vault.seal_secret(row, "smtp_host", smtp.host.encode())
    row.smtp_port, row.smtp_security = smtp.port, smtp.security
    row.smtp_username = (
        vault.seal_secret(row, "smtp_username", smtp.username.encode()) if smtp.username else None
    )


def _wake(row: MailAccount) -> None:
    values = {"state": MailAccount.State.ACTIVE, "error": "", "failures": 0, "starts": 0}
    _update(row, **values, next_sync_at=timezone.now())
    _tell(row)


def _mails(row: MailAccount) -> QuerySet[Any]:
    """The account's mail (`mail.models.Email`, which this application cannot name)."""
    mails: QuerySet[Any] = cast(Any, row).emails.all()
    return mails


def _update(row: MailAccount, **values: Any) -> None:
    MailAccount.objects.for_user(row.owner_id).filter(pk=row.pk).update(**values)


def _tell(row: MailAccount) -> None:
    """After the commit. Who listens may fail: the row says that the account is due, and dispatch finds it."""
    transaction.on_commit(
        lambda: sync_wanted.send_robust(MailAccount, account=row.pk, owner=row.owner_id) and None
    )
