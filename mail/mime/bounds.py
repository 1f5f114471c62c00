"""A linear look at a mail before any parser sees it: parsers recurse, and are quadratic in what we refuse.

Measured: fast-mail-parser takes 28 s for 200,000 broken encoded words; the standard library recurses once a
level of nesting and cuts a parameter list anew for each parameter.
"""

import re
from collections.abc import Iterator

from mail.mime.headers import MAX_HEAD
from mail.mime.words import MAX_FIELD

MAX_HEADERS = 1000
MAX_PARTS = 1000
MAX_NESTING = 50
MAX_TYPES = 3000
MAX_LINES = 1_000_000
MAX_DELIMITER_LIKE = 200_000
MAX_WORDS = 5000

_TYPE = b"content-type:"
_FIELD = re.compile(rb"(?>[^\n]*(?:\n[ \t][^\n]*)*)")
_BOUNDARY = re.compile(rb"boundary[*0-9]*\s*+=\s*+(?:\"([^\"\n]*+)|([^\s;\"]*+))")
_DELIMITER = re.compile(rb"[\r\n]--([^\r\n]*+)")


def head_defect(raw: bytes, end: int) -> str:
    """ "long-head" or "many-headers" where the header block `raw[:end]` is out of bounds; else empty."""
    if end > MAX_HEAD:
        return "long-head"
    if raw.count(b"\n", 0, end) > MAX_HEADERS:
        folded = raw.count(b"\n ", 0, end) + raw.count(b"\n\t", 0, end)
        if raw.count(b"\n", 0, end) - folded > MAX_HEADERS:
            return "many-headers"
    return ""


def structure_defect(raw: bytes) -> str:
    """What makes a multipart mail too much for a parser ("deep-nesting", "many-parts", …); else empty."""
    lower = raw.lower()
    fields = []
    for spot, field in _type_fields(lower):
        if len(field) > MAX_FIELD:
            return "long-header"
        fields.append((spot, field))
        if len(fields) > MAX_TYPES:
            return "many-parts"
    if _is_deep(lower, fields):
        return "deep-nesting"
    return "many-parts" if _has_many_parts(lower, fields) else ""


def suits_fast_parser(raw: bytes) -> bool:
    """Whether fast-mail-parser may read it: it decodes all headers of all parts, at quadratic cost."""
    if len(raw) > 2 * MAX_WORDS and raw.count(b"=?") > MAX_WORDS:
        return False
    return len(raw) <= 3 * MAX_PARTS or raw.count(b"\n--") <= MAX_PARTS


def suits_slow_parser(raw: bytes) -> bool:
    """Whether the standard library's parser, which works line by line, may read it."""
    return raw.count(b"\n") + raw.count(b"\r") <= 2 * MAX_LINES


def _type_fields(lower: bytes) -> Iterator[tuple[int, bytes]]:
    """Place and text of what may be a Content-Type header, anywhere, each cut just above MAX_FIELD."""
    spot = lower.find(_TYPE)
    while spot >= 0:
        found = _FIELD.match(lower, spot + len(_TYPE), spot + MAX_FIELD + len(_TYPE) + 1)
        yield spot, found[0] if found else b""
        spot = lower.find(_TYPE, spot + 1)


def _is_deep(lower: bytes, fields: list[tuple[int, bytes]]) -> bool:
    """Whether containers lie in one another too deep, counting unclosed ones as open to the end.

    Each search is paid for by a container that stays open as far as it looked: linear times MAX_NESTING.
    """
    inside: list[tuple[int, bytes]] = []  # where each open container ends, and its delimiter
    for spot, field in fields:
        while inside and inside[-1][0] < spot:
            inside.pop()
        kind = field.lstrip()
        if kind.startswith(b"multipart/"):
            found = _BOUNDARY.search(field)
            delimiter = b"\n--" + (found[1] or found[2] or b"" if found else b"")
            inside.append((_end(lower, delimiter + b"--", spot), delimiter))
        elif kind.startswith(b"message/") and inside:
            inside.append((_end(lower, inside[-1][1], spot), inside[-1][1]))
        if len(inside) > MAX_NESTING:
            return True
    return False


def _end(lower: bytes, mark: bytes, spot: int) -> int:
    end = lower.find(mark, spot)
    return len(lower) if end < 0 else end


def _has_many_parts(lower: bytes, fields: list[tuple[int, bytes]]) -> bool:
    like = lower.count(b"\n--") + lower.count(b"\r--")
    if like <= MAX_PARTS:
        return False
    if like > MAX_DELIMITER_LIKE:
        return True
    found = (_BOUNDARY.search(field) for _spot, field in fields)
    names = tuple({hit[1] or hit[2] or b"" for hit in found if hit})
    hits = sum(1 for hit in _DELIMITER.finditer(lower) if hit[1].startswith(names))
    return hits > MAX_PARTS
