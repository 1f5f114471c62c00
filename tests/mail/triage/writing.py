"""Mails and readers for the tests of triage."""

from datetime import datetime
from email.utils import getaddresses
from typing import Any
from zoneinfo import ZoneInfo

from mail.mime.parsed import Address, Parsed
from mail.pipeline import Contribution, Incoming, ReaderContext, Verdict
from mail.triage.reading import Reading, read
from mail.triage.verdict import verdict

ZURICH = ZoneInfo("Europe/Zurich")
TUESDAY = datetime(2026, 1, 13, 9, 42, tzinfo=ZURICH)
ALICE = "alice@firm.example"


def addresses(line: str) -> tuple[Address, ...]:
    """The mailboxes of a header line."""
    return tuple(Address(name, email) for name, email in getaddresses([line]) if email)


def reader_at(now: datetime = TUESDAY, address: str = ALICE, name: str = "Alice Keller") -> ReaderContext:
    """A reader in Zurich."""
    return ReaderContext(frozenset({address}), (name,), ZURICH, now)


def incoming(
    text: str,
    subject: str = "",
    *,
    to: str = ALICE,
    cc: str = "",
    received: datetime = TUESDAY,
    **others: Any,
) -> Incoming:
    """A mail from bob. `headers` maps lower-case names to values; `sender` is a From line."""
    headers = {name: (value,) for name, value in others.get("headers", {}).items()}
    parsed = Parsed(
        subject=subject,
        senders=addresses(others.get("sender", "Bob <bob@other.example>")),
        reply_to=addresses(others.get("reply_to", "")),
        to=addresses(to),
        cc=addresses(cc),
        text=text,
        headers=headers,
        has_invitation=others.get("has_invitation", False),
    )
    return Incoming(1, b"", frozenset(), received, len(text), "inbox", parsed)


def reading(text: str, subject: str = "", **others: Any) -> Reading:
    """A mail made ready for the detectors."""
    mail = incoming(text, subject, **others)
    return read(mail, reader_at(mail.received_at))


def judged(text: str, subject: str = "", **others: Any) -> Verdict:
    """The verdict on a mail at the moment it comes."""
    mail = incoming(text, subject, **others)
    return verdict(mail, reader_at(mail.received_at))


def codes(contributions: list[Contribution] | tuple[Contribution, ...], target: str = "") -> set[str]:
    """The codes of some contributions, of one target or of all."""
    return {one.code for one in contributions if target in ("", one.target)}
