"""Mails in one file: mbox (RFC 4155), quoted as in mboxrd so that each comes out byte for byte. Pure.

    From erika@example.net Mon Nov 23 09:30:00 2026
    …the mail; of each line of it that begins with From, or with > and From, one > more…
    (one line end of ours)

A mail that does not end with a line end has no empty line behind it: the line end of ours is the only one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

NOBODY = "???@???"  # RFC 4155's word for a sender that is not known

_TO_QUOTE = re.compile(rb"^(>*From )", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_START = b"From "
_NEXT = b"\nFrom "
_LONGEST_START = 2000  # bytes of a From_ line
_ADDRESS = re.compile(r"[!-~]{1,320}")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class NoMbox(ValueError):
    """These bytes are none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail. `raw` is None where it is larger than wanted, `at` where no time stands."""

    at: datetime | None
    raw: bytes | None = field(repr=False)


def write_entry(sender: str, at: datetime, raw: bytes) -> bytes:
    """A mail as it stands in the file. `at` is aware."""
    name = sender if _ADDRESS.fullmatch(sender) else NOBODY
    return f"From {name} {_asctime(at)}\n".encode() + _TO_QUOTE.sub(rb">\1", raw) + b"\n"


def _asctime(at: datetime) -> str:
    """As C's asctime gives UTC, whatever the locale."""
    utc = at.astimezone(UTC)
    day, month = _DAYS[utc.weekday()], _MONTHS[utc.month - 1]
    return f"{day} {month} {utc.day:2d} {utc:%H:%M:%S} {utc.year:04d}"


class Splitter:
    """Takes a file piece by piece and gives its mails, holding one at a time. `largest` in bytes."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._most = largest * 6 // 5 + _LONGEST_START  # quoting adds a byte to a line of at least six
        self._held = bytearray()
        self._seen = 0  # up to here no mail begins
        self._head: bytes | None = None  # of a mail too large, whose bytes are dropped

    def feed(self, piece: bytes) -> Iterator[Entry]:
        """The mails that end in this piece. Raises NoMbox."""
        self._held += piece
        while (end := self._held.find(_NEXT, self._seen)) >= 0:
            yield self._entry(bytes(self._held[:end]))
            del self._held[: end + 1]
            self._seen = 0
        self._seen = max(0, len(self._held) - len(_NEXT) + 1)
        self._check()

    def end(self) -> Iterator[Entry]:
        """The last mail. Raises NoMbox."""
        if not self._held and self._head is None:
            return
        if not self._held.endswith(b"\n"):
            raise NoMbox
        yield self._entry(bytes(self._held[:-1]))
        self._held.clear()

    def _check(self) -> None:
        if self._head is None and not self._held.startswith(_START[: len(self._held)]):
            raise NoMbox
        if len(self._held) <= self._most:
            return
        if self._head is None:
            self._head = bytes(self._held[:_LONGEST_START])
        del self._held[: self._seen]  # what could begin the next mail stays
        self._seen = 0

    def _entry(self, text: bytes) -> Entry:
        if self._head is not None:
            start, self._head = self._head, None
            return Entry(_read_date(start.partition(b"\n")[0]), None)
        start, mark, body = text.partition(b"\n")
        if not start.startswith(_START) or not mark:
            raise NoMbox
        raw = _QUOTED.sub(rb"\1", body)
        return Entry(_read_date(start), raw if len(raw) <= self._largest else None)


def _read_date(start: bytes) -> datetime | None:
    words = start.decode("ascii", "replace").split()[-5:]
    try:
        clock = datetime.strptime(f"{words[3]}-{words[2]} {words[4]}", "%H:%M:%S-%d %Y")  # noqa: DTZ007
        return clock.replace(month=_MONTHS.index(words[1]) + 1, tzinfo=UTC)
    except (ValueError, IndexError):
        return None
