"""What a list shows of a mail, sealed apart from the mail itself so that a page of rows opens little.

Stored as JSON with short names, sealed in `Email.head`. Readers of it take missing names as empty, so that it
can grow.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mail.mime.parsed import Address, Attachment, Parsed
from mail.mime.preview import preview
from mail.pipeline import Contribution, Verdict

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Head:
    """An opened head."""

    subject: str
    senders: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    date: datetime | None
    preview: str
    contributions: tuple[Contribution, ...]
    deadline: datetime | None
    attachments: tuple[Attachment, ...]
    defects: tuple[str, ...]

    @property
    def sender(self) -> Address:
        """The first From mailbox, or an empty one."""
        return self.senders[0] if self.senders else Address("", "")


def write_head(parsed: Parsed, verdict: Verdict) -> bytes:
    """The bytes to seal."""
    whole = {
        "s": parsed.subject,
        "f": _mailboxes(parsed.senders),
        "r": _mailboxes(parsed.reply_to),
        "t": _mailboxes(parsed.to),
        "c": _mailboxes(parsed.cc),
        "b": _mailboxes(parsed.bcc),
        "d": _moment(parsed.date),
        "p": preview(parsed.text),
        "w": [[c.target, c.code, c.weight, c.words] for c in verdict.contributions],
        "l": _moment(verdict.deadline),
        "a": [[a.index, a.name, a.content_type, a.size, a.content_id, a.inline] for a in parsed.attachments],
        "x": parsed.defects,
    }
    return _encode({name: value for name, value in whole.items() if value}).encode("utf-8", "replace")


def read_head(opened: bytes) -> Head:
    """What `write_head` was given. Raises ValueError on other bytes."""
    whole = json.loads(opened)
    return Head(
        subject=whole.get("s", ""),
        senders=_addresses(whole.get("f", ())),
        reply_to=_addresses(whole.get("r", ())),
        to=_addresses(whole.get("t", ())),
        cc=_addresses(whole.get("c", ())),
        bcc=_addresses(whole.get("b", ())),
        date=_read_moment(whole.get("d")),
        preview=whole.get("p", ""),
        contributions=tuple(Contribution(*entry) for entry in whole.get("w", ())),
        deadline=_read_moment(whole.get("l")),
        attachments=tuple(Attachment(*entry) for entry in whole.get("a", ())),
        defects=tuple(whole.get("x", ())),
    )


def _mailboxes(addresses: Iterable[Address]) -> list[list[str]]:
    return [[address.name, address.email] for address in addresses]


def _addresses(entries: Iterable[list[str]]) -> tuple[Address, ...]:
    return tuple(Address(name, email) for name, email in entries)


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _read_moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
