"""One mail as a line: rows of lists, and the mails in a cell of the matrix."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from mail.heads import Head
from mail.mime.parsed import Address
from mail.models import Email, Folder
from mail.reading import Mailboxes
from mail.views import words

_JUDGED = frozenset({"inbox", "archive", "all", "flagged", "other"})
_OUTGOING = frozenset({"sent", "drafts"})
_RED, _AMBER = 8, 5


@dataclass(frozen=True, slots=True)
class Row:
    """What mail/_row.html and mail/_cell.html show."""

    pk: int
    sender: str
    subject: str
    preview: str
    colour: str
    unread: bool
    has_attachments: bool
    has_invitation: bool
    answered: bool
    flagged: bool
    spam: bool
    when: str
    at: datetime
    pressing: bool
    account: str


def rows(
    emails: Iterable[Email], heads: dict[int, Head | None], boxes: Mailboxes, *, mixed: bool = False
) -> list[Row]:
    """Mails as rows. `mixed` tells of each which account it is in."""
    now = timezone.now()
    return [_row(email, heads[email.pk], boxes, mixed, now) for email in emails]


def colour(email: Email, role: str) -> str:
    """The score in one word; empty for mail that has no place in the matrix."""
    if role not in _JUDGED or email.spam:
        return ""
    return colour_of(email.urgency, email.importance)


def colour_of(urgency: int, importance: int) -> str:
    """The word for a place in the matrix."""
    score = 2 * urgency + importance
    return "red" if score >= _RED else "amber" if score >= _AMBER else "green"


def deadline_of(email: Email, head: Head, role: str, now: datetime) -> datetime | None:
    """The deadline that still counts: of open mail in an inbox; one that is over only where it was one."""
    if head.deadline is None or email.done_at or email.spam or role != Folder.Role.INBOX:
        return None
    if head.deadline >= now or any(reason.code.startswith("deadline-") for reason in head.contributions):
        return head.deadline
    return None


def _row(email: Email, head: Head | None, boxes: Mailboxes, mixed: bool, now: datetime) -> Row:
    folder, account = boxes.folder(email.folder_id), boxes.account(email.account_id)
    role = folder.role if folder else ""
    deadline = deadline_of(email, head, role, now) if head else None
    return Row(
        pk=email.pk,
        sender=_who(head, role),
        subject=head.subject if head else gettext("This mail does not open"),
        preview=head.preview if head else "",
        colour=colour(email, role),
        unread=not email.seen,
        has_attachments=email.has_attachments,
        has_invitation=email.has_invitation,
        answered=email.answered,
        flagged=email.flagged,
        spam=email.spam and role == Folder.Role.INBOX,
        when=words.due(deadline, now) if deadline else words.age(email.received_at, now),
        at=deadline or email.received_at,
        pressing=deadline is not None and words.is_pressing(deadline, now),
        account=account.name if mixed and account else "",
    )


def _who(head: Head | None, role: str) -> str:
    if head is None:
        return "?"
    if role in _OUTGOING and head.to:
        return gettext("To %(names)s") % {"names": ", ".join(map(_called, head.to[:3]))}
    return _called(head.sender) or gettext("no sender")


def _called(address: Address) -> str:
    return address.name or address.email
