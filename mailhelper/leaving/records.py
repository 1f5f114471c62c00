"""What the export says of each mail beside its bytes: a line of JSON, in the order of the mbox. Pure.

Lines of mails that did not open have no mail in the mbox; they say so.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

FLAGS = ("seen", "flagged", "answered", "draft", "deleted")
CATEGORIES = ("action", "info", "archive")
LONGEST = 100_000  # bytes of a line
NOTE_CUT = "over the size limit: only its head was kept here, and is all that this file has of it"
NOTE_SHUT = "its envelope does not open: the mail is not in this file"
NOTE_GONE = "it was removed while this file was written"

_LARGEST_SIZE = 2**40
_MOST_TAGS = 500
_TIMES = ("received_at", "done_at", "snoozed_until", "rises_at")


@dataclass(frozen=True, slots=True)
class Record:
    """A line that was read. `columns` are those of mail.models.Email; `tags` numbers of the export's tags.

    `in_mbox`: whether the mbox has the mail. `columns` is empty where the line says nothing of it.
    """

    in_mbox: bool
    columns: dict[str, Any]
    tags: tuple[int, ...]


def write_record(row: Any, tags: Iterable[int], *, uid: int | None, opens: bool) -> bytes:
    """The line of a mail's row. `uid` is the server's number, None where the server has it no more."""
    line: dict[str, Any] = {
        "uid": uid,
        "received_at": _written(row.received_at),
        "size": row.size,
        "flags": [name for name in FLAGS if getattr(row, name)],
        "urgency": row.urgency,
        "importance": row.importance,
        "category": row.category,
        "spam": row.spam,
        "done_at": _written(row.done_at),
        "snoozed_until": _written(row.snoozed_until),
        "rises_at": _written(row.rises_at),
        "tags": sorted(tags),
    }
    if row.state == "cut":
        line |= {"cut": True, "note": NOTE_CUT}
    if not opens:
        line |= {"missing": True, "note": NOTE_SHUT}
    return _line(line)


def write_gone() -> bytes:
    """The line of a mail that stands in the mbox, and whose row went since."""
    return _line({"gone": True, "note": NOTE_GONE})


def read_record(line: bytes) -> Record:
    """What `write_record` wrote. Raises ValueError on anything that it would not have written."""
    whole = json.loads(line)
    if not isinstance(whole, dict):
        raise ValueError("no object")
    if whole.get("gone"):
        return Record(True, {}, ())
    return Record(not whole.get("missing", False), _columns(whole), _tags(whole.get("tags", [])))


def _columns(whole: Mapping[str, Any]) -> dict[str, Any]:
    flags = whole["flags"]
    if not isinstance(flags, list) or not set(flags) <= set(FLAGS):
        raise ValueError("flags")
    if whole["category"] not in CATEGORIES or not isinstance(whole["spam"], bool):
        raise ValueError("category")
    columns: dict[str, Any] = {name: name in flags for name in FLAGS}
    columns |= {name: _between(whole[name], 1, 3) for name in ("urgency", "importance")}
    columns |= {"category": whole["category"], "spam": whole["spam"]}
    columns |= {name: _moment(whole.get(name)) for name in _TIMES}
    if columns["received_at"] is None:
        raise ValueError("received_at")
    if whole.get("cut") is True:
        columns |= {"state": "cut", "size": _between(whole["size"], 0, _LARGEST_SIZE)}
    return columns


def _tags(numbers: Any) -> tuple[int, ...]:
    if not isinstance(numbers, list) or len(numbers) > _MOST_TAGS:
        raise ValueError("tags")
    return tuple(dict.fromkeys(_between(number, 1, 10**6) for number in numbers))


def _between(value: Any, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError("a number out of bounds")
    return value


def _moment(text: Any) -> datetime | None:
    """Between 1990 and 2200, aware."""
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > 40:
        raise ValueError("no time")
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 1990 <= at.year < 2200:
        raise ValueError("no time that could be")
    return at.astimezone(UTC)


def _written(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"
