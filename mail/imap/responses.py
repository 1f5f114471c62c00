"""Reading what a mail server answers, and writing sets of UIDs. Pure.

`read_fetch` is on the path of every mail: it knows the usual form by heart, and falls back to a tokenizer
that takes any legal one. Neither recurses, so no nesting of parentheses can hurt.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

SET_BYTES = 4000  # RFC 7162 §4 lets a command have 8,192 octets; some servers take less
MAX_UIDS = 2_000_000  # one listing; a server that names more makes them up
MAX_FLAGS = 100
MAX_FLAG_CHARS = 100

_FETCH = re.compile(rb"\* \d{1,10} FETCH \(", re.IGNORECASE)
# What servers send who answer in the order of the question, which is the order here.
_USUAL = re.compile(
    rb"\* \d{1,10} FETCH \(UID (\d{1,10})"
    rb'(?: FLAGS \(([^()"{]*)\))?'
    rb"(?: RFC822\.SIZE (\d{1,15}))?"
    rb'(?: INTERNALDATE "([^"]{0,40})")?'
    rb"(?: BODY\[(?:HEADER)?\] ?|(?: MODSEQ \(\d{1,20}\))?\))\Z"
)
_TOKEN = re.compile(
    rb'[ ]*(?:([()])|"((?:[^"\\]|\\.)*)"|([^\s()"\[]*\[[^\]]*\](?:<\d+>)?|[^\s()"]+))', re.DOTALL
)
_DATE = re.compile(  # RFC 3501 §9 date-time
    r"([ \d]?\d)-([A-Za-z]{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)\Z", re.ASCII
)
_MONTHS = {
    name: f"{number:02}"
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_SEARCH = re.compile(rb"\* SEARCH\b((?: \d{1,10})*)(?: \(MODSEQ \d+\))?[ ]*\Z", re.IGNORECASE)
_SEARCH_NAME = re.compile(rb"\* SEARCH\b", re.IGNORECASE)
_ESEARCH = re.compile(rb"\* ESEARCH\b", re.IGNORECASE)
_ESEARCH_COUNT = re.compile(rb" COUNT (\d{1,10})(?= |\Z)", re.IGNORECASE)
_ESEARCH_ALL = re.compile(rb" ALL ([\d:,]+)(?= |\Z)", re.IGNORECASE)
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
_SYSTEM_FLAGS = {flag.lower(): flag for flag in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")}


@dataclass(slots=True)
class FetchItems:
    """What FETCH responses said of one mail. `flags` and `date` are as sent; None means not said."""

    uid: int | None = None
    flags: bytes | None = None
    date: bytes | None = None
    size: int | None = None
    body: bytes | None = field(default=None, repr=False)

    def update(self, later: "FetchItems") -> None:
        """Take over what a later response for the same mail says."""
        for name in ("flags", "date", "size", "body"):
            value = getattr(later, name)
            if value is not None:
                setattr(self, name, value)


def is_fetch(pieces: list[bytes]) -> bool:
    """Whether this untagged response is a FETCH."""
    return _FETCH.match(pieces[0]) is not None


def read_fetch(pieces: list[bytes]) -> FetchItems:
    """One FETCH response, as [text, literal, text, …]. Raises ValueError where it makes no sense."""
    return _read_usual(pieces) or _read_any(pieces)


def _read_usual(pieces: list[bytes]) -> FetchItems | None:
    found = _USUAL.match(pieces[0])
    if not found or pieces[-1][-1:] != b")" or len(pieces) > 3 or (len(pieces) == 3 and pieces[2] != b")"):
        return None
    uid, flags, size, date = found.groups()
    body = pieces[1] if len(pieces) == 3 else None
    return FetchItems(int(uid), flags, date, None if size is None else int(size), body)


def _read_any(pieces: list[bytes]) -> FetchItems:
    values = dict(_pairs(_tokens(pieces)))
    found = FetchItems()
    if isinstance(uid := values.get(b"UID"), bytes):
        found.uid = _number(uid)
    if isinstance(size := values.get(b"RFC822.SIZE"), bytes):
        found.size = _number(size)
    if isinstance(flags := values.get(b"FLAGS"), list):
        found.flags = b" ".join(flags)
    if isinstance(date := values.get(b"INTERNALDATE"), bytes):
        found.date = date
    body = values.get(b"BODY[]", values.get(b"BODY[HEADER]", values.get(b"BODY[]<0>")))
    found.body = body if isinstance(body, bytes) else None
    return found


def _number(text: bytes) -> int:
    if not re.fullmatch(rb"\d{1,15}", text):
        raise ValueError("not a number")
    return int(text)


def _tokens(pieces: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Kinds are "mark" (a parenthesis), "text" (a string) and "atom"."""
    start = _FETCH.match(pieces[0])
    if not start:
        raise ValueError("no FETCH response")
    position = start.end() - 1
    for index, piece in enumerate(pieces):
        if index % 2:
            yield "text", piece
            continue
        while position < len(piece) and piece[position:].strip():
            token = _TOKEN.match(piece, position)
            if token is None:
                raise ValueError("unreadable FETCH response")
            position = token.end()
            yield _kind(token)
        position = 0


def _kind(token: re.Match[bytes]) -> tuple[str, bytes]:
    if token[1] is not None:
        return "mark", token[1]
    if token[2] is not None:
        return "text", re.sub(rb"\\(.)", rb"\1", token[2], flags=re.DOTALL)
    return "atom", token[3]


def _pairs(tokens: Iterator[tuple[str, bytes]]) -> Iterator[tuple[bytes, bytes | list[bytes] | None]]:
    """Names and values of the outer list. A list value is flat: what is nested deeper is of no use here."""
    depth = 0
    name: bytes | None = None
    values: list[bytes] = []
    for kind, token in tokens:
        if kind == "mark":
            depth += 1 if token == b"(" else -1
            if depth == 1 and token == b")":
                if name is None:
                    raise ValueError("a list without a name")
                yield name, values
                name, values = None, []
        elif depth != 1:
            values.append(token)
        elif name is None:
            name = token.upper()
        else:
            yield name, None if kind == "atom" and token.upper() == b"NIL" else token
            name = None
    if depth or name is not None:
        raise ValueError("a list without an end")


@functools.lru_cache(maxsize=2048)
def read_flags(raw: bytes) -> frozenset[str]:
    r"""The flags as text that can be stored. \Recent is left out: it tells of sessions, not of the mail."""
    names = (name.decode("utf-8", "replace")[:MAX_FLAG_CHARS] for name in raw.split()[:MAX_FLAGS])
    flags = (_SYSTEM_FLAGS.get(name.lower(), name) for name in names if name.lower() != "\\recent")
    return frozenset("".join(char for char in flag if char.isprintable()) for flag in flags) - {""}


def read_date(raw: bytes | None) -> datetime | None:
    """INTERNALDATE in UTC, or None where it is missing or nonsense."""
    found = _DATE.match(raw.decode("ascii", "replace")) if raw else None
    if not found:
        return None
    day, month, year, time, hours, minutes = found.groups()
    if not _FIRST_YEAR <= int(year) <= _LAST_YEAR:
        return None
    try:
        text = f"{year}-{_MONTHS[month.lower()]}-{int(day):02}T{time}{hours}:{minutes}"
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, KeyError):
        return None


def write_day(day: date) -> bytes:
    """A day as SEARCH takes it (RFC 3501 §9 date)."""
    month = list(_MONTHS)[day.month - 1].capitalize()
    return f"{day.day}-{month}-{day.year:04}".encode()


def read_search(responses: Iterable[list[bytes]], low: int, high: int) -> list[int] | None:
    """The UIDs of SEARCH responses inside the window, ascending; None where there is no such response.

    The window matters: n:* names the last mail even where its UID is below n (RFC 3501 §6.4.8).
    """
    lines = [_SEARCH.match(pieces[0]) for pieces in responses if _SEARCH_NAME.match(pieces[0])]
    if not lines or None in lines:
        return None  # a listing that can be read in part only is none
    texts = (found[1] for found in lines if found)
    return sorted({uid for text in texts for uid in map(int, text.split()) if low <= uid <= high})


def read_esearch(responses: Iterable[list[bytes]], low: int, high: int) -> list[int] | None:
    """The same from the one ESEARCH response (RFC 4731); None unless it lists as many as its COUNT says."""
    lines = [pieces[0] for pieces in responses if _ESEARCH.match(pieces[0])]
    count = _ESEARCH_COUNT.search(lines[0]) if len(lines) == 1 else None
    if not count:
        return None
    listed = _ESEARCH_ALL.search(lines[0])
    try:
        found = expand_set(listed[1], low, high) if listed else []
    except ValueError:
        return None
    return found if len(found) == int(count[1]) else None


def sequence_sets(uids: Iterable[int], max_bytes: int = SET_BYTES) -> Iterator[tuple[bytes, list[int]]]:
    """`uids` as sets like 1:4,9 in ascending order, each below `max_bytes`, with the UIDs that it names."""
    text: list[bytes] = []
    named: list[int] = []
    length = 0
    for first, last in _ranges(uids):
        part = b"%d" % first if first == last else b"%d:%d" % (first, last)
        if text and length + len(part) + 1 > max_bytes:
            yield b",".join(text), named
            text, named, length = [], [], 0
        text.append(part)
        named.extend(range(first, last + 1))
        length += len(part) + 1
    if text:
        yield b",".join(text), named


def _ranges(uids: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for uid in sorted(set(uids)):
        if not 0 < uid <= 0xFFFFFFFF:
            raise ValueError("not a UID")
        if uid == last + 1 and first:
            last = uid
            continue
        if first:
            yield first, last
        first = last = uid
    if first:
        yield first, last


def expand_set(text: bytes, low: int, high: int) -> list[int]:
    """The UIDs of a set like 1:4,9 between `low` and `high`: what lies outside is never expanded.

    Raises ValueError for what is no set, or names more than MAX_UIDS.
    """
    uids: set[int] = set()
    named = 0
    for part in text.split(b","):
        first, colon, last = part.partition(b":")
        one, other = _number(first), _number(last if colon else first)
        inside = range(max(low, min(one, other)), min(high, max(one, other)) + 1)
        named += len(inside)
        if named > MAX_UIDS:
            raise ValueError("more UIDs than any folder has")
        uids.update(inside)
    return sorted(uids)
