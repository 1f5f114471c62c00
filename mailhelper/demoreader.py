"""The reader `demo`: no operator, both factors set up, with the demo mailbox as mail account.

Their password is random and lies in DATA_DIR/demo/reader_password, for its owner only.
"""

import os
import secrets
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import authenticator, grants, keyring, mailboxes
from accounts.ids import draw_id
from accounts.keyring import Vault
from accounts.mailboxes import Details
from accounts.models import Authenticator, Grant, Identity, MailAccount, User
from accounts.ownership import acting_as_operator
from accounts.sealing import CannotOpen
from mail.demo.entries import READER
from mail.demo.password import USER as MAILBOX_USER
from mail.demo.password import demo_password

NAME = "demo"
HOST = "127.0.0.1"


class NotOurs(Exception):
    """Somebody signed up under the name `demo`."""


@dataclass(frozen=True, slots=True)
class DemoReader:
    """The reader, and the id of their mail account. `secret` is the authenticator's key in base 32."""

    user: User
    account: int
    device: Authenticator
    password: str = field(repr=False)

    @property
    def secret(self) -> str:
        """What one-time codes are made of."""
        return authenticator.secret_of(self.device)


@acting_as_operator("make the demo reader")
def ensure(port: int) -> DemoReader:
    """The demo reader, made if missing; the demo mailbox is at `port` of this machine. Raises NotOurs."""
    folder: Path = settings.DATA_DIR / "demo"
    password = _password(folder / "reader_password")
    user, vault = _reader(password)
    device = authenticator.device_of(user)
    assert device is not None
    account = _account(vault, port, demo_password(folder))
    if not grants.live(user.pk).filter(until=Grant.Until.REVOKED).exists():
        grants.give(vault, Grant.Until.REVOKED)
    return DemoReader(user, account, device, password)


def _password(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(18) + "\n")
        draft.replace(path)
    return path.read_text(encoding="ascii").strip()


def _reader(password: str) -> tuple[User, Vault]:
    """The reader with an open vault. One whose password is lost is made anew, for nobody can open them."""
    user = User.objects.filter(username__iexact=NAME).first()
    if user is None:
        return _make(password)
    if user.username != NAME or user.invitations.exists() or user.is_staff:
        raise NotOurs
    identity = Identity.objects.for_user(user).get()
    try:
        return user, keyring.unlock(identity, keyring.password_key(identity, password))
    except CannotOpen:
        user.delete()
        return _make(password)


@transaction.atomic
def _make(password: str) -> tuple[User, Vault]:
    user = User(pk=draw_id(User), username=NAME, password=make_password(password), is_active=True)
    user.save(force_insert=True)
    identity, vault = keyring.make(user.pk, password)
    identity.enrolled_at = timezone.now()
    identity.save(force_insert=True)
    authenticator.make(user, confirmed=True)
    return user, vault


def _account(vault: Vault, port: int, password: str) -> int:
    """The mail account of the demo mailbox: added, or brought to its port and password of now."""
    name, address = parseaddr(READER)
    wanted = Details(
        name=name,
        address=address,
        host=HOST,
        port=port,
        security="none",
        username=MAILBOX_USER,
        password=password,
        sync_every=60,
    )
    for row in MailAccount.objects.for_user(vault.owner).order_by("pk"):
        if mailboxes.read(vault, row).host == HOST:
            _follow(vault, row, wanted)
            return row.pk
    return mailboxes.add(vault, wanted).pk


def _follow(vault: Vault, row: MailAccount, wanted: Details) -> None:
    stored = mailboxes.read(vault, row)
    if stored.place != wanted.place or mailboxes.password_of(vault, row) != wanted.password:
        mailboxes.change(vault, row, wanted)
