"""What the pages read: which rows, always of one reader, and the opening of what is sealed in them.

Queries take the owner's id or the vault first. What does not open is None to the caller and a line with the
row's id in the log: a damaged row spoils no page.
"""

import io
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import zstandard
from django.conf import settings
from django.db.models import Count, F, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts import mailboxes as mail_accounts
from accounts.keyring import Vault
from accounts.models import MailAccount
from accounts.sealing import CannotOpen
from mail import folders
from mail.foldernames import name_of
from mail.heads import Head, read_head
from mail.lists import Filters, newest_first
from mail.models import Email, Folder, Message, SyncRun

logger = logging.getLogger(__name__)

COUNT_TO = 1000
"""Counts beside folders and above lists stop here, so that a page costs the same in any mailbox."""

_UNPACKED_AT_ONCE = 1 << 18  # bytes; what is asked for is taken from memory, small as the mail may be

#: Mail that no list of open mail shows.
_OPEN = Q(done_at=None, missing_since=None, spam=False)

_COUNT = (
    "(SELECT count(*) FROM"
    " (SELECT 1 FROM mail_email e WHERE e.folder_id = mail_folder.id AND {} LIMIT %s) few)"
)
_UNREAD_SQL = _COUNT.format("NOT e.seen AND e.missing_since IS NULL")
_OPEN_SQL = _COUNT.format("e.done_at IS NULL AND e.missing_since IS NULL AND NOT e.spam")


class Damaged(Exception):
    """Stored bytes that are not what was stored. It never says what they are."""


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """A folder with its name, the usual ones in the reader's language. Counts stop at COUNT_TO."""

    pk: int
    account: int
    role: str
    name: str
    unread: int
    open: int
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """A mail account with its names, and its folders in the order of the rail."""

    pk: int
    name: str
    address: str
    state: str
    error: str
    is_new: bool  # never synced whole
    folders: tuple[OpenFolder, ...]

    @property
    def inboxes(self) -> tuple[int, ...]:
        """The ids of its inbox folders."""
        return tuple(folder.pk for folder in self.folders if folder.role == Folder.Role.INBOX)

    @property
    def open(self) -> int:
        """Open mails in its inbox."""
        return sum(folder.open for folder in self.folders if folder.role == Folder.Role.INBOX)

    @property
    def synced_at(self) -> datetime | None:
        """When its inbox was last as the server has it."""
        times = [
            folder.synced_at
            for folder in self.folders
            if folder.role == Folder.Role.INBOX and folder.synced_at
        ]
        return max(times, default=None)


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """All mail accounts of a reader: what the rail, the lists and the mail's head name them by."""

    accounts: tuple[OpenAccount, ...]
    runs: tuple[SyncRun, ...] = ()  # live ones

    def account(self, pk: int | None) -> OpenAccount | None:
        """One of them."""
        return next((account for account in self.accounts if account.pk == pk), None)

    def folder(self, pk: int | None) -> OpenFolder | None:
        """One of their folders."""
        return next(
            (folder for account in self.accounts for folder in account.folders if folder.pk == pk), None
        )

    def inboxes(self, account: int | None = None) -> list[int]:
        """The ids of the inbox folders of one account, or of all."""
        return [pk for one in self.accounts if account in (None, one.pk) for pk in one.inboxes]


_ORDER = [
    Folder.Role.INBOX,
    Folder.Role.DRAFTS,
    Folder.Role.SENT,
    Folder.Role.ARCHIVE,
    Folder.Role.OTHER,
    Folder.Role.FLAGGED,
    Folder.Role.ALL,
    Folder.Role.JUNK,
    Folder.Role.TRASH,
]


def mailboxes(vault: Vault) -> Mailboxes:
    """The reader's accounts, folders and live runs, by three queries."""
    by_account: dict[int, list[OpenFolder]] = {}
    for row in _counted_folders(vault.owner):
        by_account.setdefault(row.account_id, []).append(_open_folder(vault, row))
    accounts = mail_accounts.living(vault.owner).order_by("pk")
    opened = tuple(_open_account(vault, row, by_account.get(row.pk, [])) for row in accounts)
    return Mailboxes(opened, tuple(live_runs(vault.owner)))


def live_runs(owner: int) -> QuerySet[SyncRun]:
    """Syncs that are under way, the account of each beside it."""
    return SyncRun.objects.for_user(owner).filter(finished_at=None).order_by("pk")


def listed(owner: int, boxes: Mailboxes, filters: Filters) -> QuerySet[Email]:
    """The mail that a list shows. A cell of the matrix holds open mail of inboxes, its list too."""
    emails = Email.objects.for_user(owner).filter(missing_since=None)
    if filters.folder is not None:
        emails = emails.filter(folder=filters.folder)
    else:
        emails = emails.filter(folder__in=boxes.inboxes(filters.account))
    if filters.unread:
        emails = emails.filter(seen=False)
    if filters.by_cell and filters.folder is None:
        emails = emails.filter(_OPEN)
    if filters.urgency is not None:
        emails = emails.filter(urgency=filters.urgency)
    if filters.importance is not None:
        emails = emails.filter(importance=filters.importance)
    return emails


def open_mail(owner: int, inboxes: Sequence[int]) -> QuerySet[Email]:
    """What the matrix shows: mail of these inbox folders that is not done, not gone and no spam."""
    return Email.objects.for_user(owner).filter(_OPEN, folder__in=inboxes)


def cell_counts(owner: int, inboxes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Open mails by (urgency, importance); cells without any are left out. One query."""
    rows = open_mail(owner, inboxes).values_list("urgency", "importance").order_by().annotate(Count("id"))
    return {(urgency, importance): count for urgency, importance, count in rows}


def cell_mails(owner: int, inboxes: Sequence[int], each: int) -> list[Email]:
    """The newest open mails of each cell, at most `each`: nine short walks along one index, in one query."""
    mails = open_mail(owner, inboxes)
    cells = [(urgency, importance) for urgency in (3, 2, 1) for importance in (1, 2, 3)]
    parts = [newest_first(mails.filter(urgency=u, importance=i))[:each] for u, i in cells]
    return list(parts[0].union(*parts[1:], all=True))


def count_up_to(emails: QuerySet[Email], limit: int = COUNT_TO) -> int:
    """How many, or limit + 1 where there are more."""
    return emails.order_by()[: limit + 1].count()


def open_heads(vault: Vault, emails: Iterable[Email]) -> dict[int, Head | None]:
    """The heads of mails by id, None where one does not open. One query for all their content keys."""
    rows = list(emails)
    vault.add_content_keys({row.content_key_id for row in rows})
    return {row.pk: _head(vault, row) for row in rows}


def open_message(vault: Vault, email: Email) -> bytes:
    """The mail itself, as the server gave it. Raises Damaged where it does not open or is not there."""
    row = Message.objects.for_user(vault.owner).filter(email=email.pk).first()
    if row is None:
        raise Damaged
    try:
        return unpack(vault.open(row, "raw"))
    except (CannotOpen, zstandard.ZstdError):
        logger.error("mail.Message %d does not open", email.pk)
        raise Damaged from None


def unpack(packed: bytes) -> bytes:
    """Decompressed up to the limit of a mail: whoever can write to the database could have stored a bomb.

    Raises ZstdError.
    """
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed))
    pieces, left = [], settings.MAIL_MAX_BYTES
    while piece := reader.read(_UNPACKED_AT_ONCE):
        left -= len(piece)
        if left < 0:
            raise zstandard.ZstdError("larger than any mail that is stored")
        pieces.append(piece)
    return b"".join(pieces)


def _head(vault: Vault, row: Email) -> Head | None:
    try:
        return read_head(vault.open(row, "head"))
    except (CannotOpen, ValueError, TypeError):
        logger.error("The head of mail.Email %d does not open", row.pk)
        return None


def _counted_folders(owner: int) -> QuerySet[Folder]:
    found = Folder.objects.for_user(owner).filter(selectable=True, missing_since=None)
    return found.annotate(
        unread=RawSQL(_UNREAD_SQL, [COUNT_TO]),  # noqa: S611  (constant text: the ORM cannot count a few)
        open=RawSQL(_OPEN_SQL, [COUNT_TO]),  # noqa: S611
    ).order_by("account", F("pk").asc())


def _open_folder(vault: Vault, row: Any) -> OpenFolder:
    try:
        name = folders.read_name(vault.open_secret(row, "name"))[1]
    except (CannotOpen, ValueError):
        logger.error("The name of mail.Folder %d does not open", row.pk)
        name = "?"
    return OpenFolder(row.pk, row.account_id, row.role, name, row.unread, row.open, row.synced_at)


def _open_account(vault: Vault, row: MailAccount, rows: list[OpenFolder]) -> OpenAccount:
    ordered = sorted(_named(rows), key=lambda one: (_ORDER.index(Folder.Role(one.role)), one.name.casefold()))
    name, address = _text(vault, row, "name"), _text(vault, row, "address")
    is_new = row.first_synced_at is None
    return OpenAccount(row.pk, name or address, address, row.state, row.error, is_new, tuple(ordered))


def _named(rows: list[OpenFolder]) -> Iterable[OpenFolder]:
    """In the reader's words, unless an account has two of a kind."""
    roles = Counter(one.role for one in rows)
    for one in rows:
        yield replace(one, name=name_of(one.role, one.name)) if roles[one.role] == 1 else one


def _text(vault: Vault, row: MailAccount, name: str) -> str:
    try:
        return vault.open_text(row, name)
    except (CannotOpen, ValueError):
        logger.error("%s of accounts.MailAccount %d does not open", name, row.pk)
        return "?"
