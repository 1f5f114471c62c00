"""The first meaningful words of a mail, for a row of a list."""

import re
from collections.abc import Iterable, Iterator

_MAX_READ = 20_000
_MAX_LINE = 1000
_QUOTED = re.compile(r"\s*[>|]")
_SIGNATURE = re.compile(
    r"--|_{5,}|-{2,} ?(?:original message|ursprüngliche nachricht|forwarded message)\b.*", re.IGNORECASE
)
_ATTRIBUTION = re.compile(
    r"(?:on|am|le|il) .{5,200}\b(?:wrote|schrieb(?: .{1,120})?|a écrit|ha scritto) ?:"
    r"|.{1,120} (?:wrote|schrieb) ?:",
    re.IGNORECASE,
)
_LINK = re.compile(r"[\[(<]?https?://\S+", re.IGNORECASE)


def preview(text: str, length: int = 160) -> str:
    """At most `length` characters on one line, cut at a word with "…".

    Quoted lines, what introduces them, signatures, rules and links are left out; where nothing else is
    left, the quoted text is shown after all.
    """
    own = _joined(_own(_lines(text)), length)
    return own or _joined((line.lstrip("> |") for line in _lines(text)), length)


def _lines(text: str) -> Iterator[str]:
    """One by one: mostly the first few are enough."""
    return (line.strip()[:_MAX_LINE] for line in text[:_MAX_READ].splitlines())


def _own(lines: Iterable[str]) -> Iterator[str]:
    begun = False
    for line in lines:
        if begun and _SIGNATURE.fullmatch(line):
            return
        if not _QUOTED.match(line) and not _is_attribution(line):
            begun = begun or any(map(str.isalnum, line))
            yield line


def _is_attribution(line: str) -> bool:
    """Whether a line introduces a quotation. Few end like one, and the pattern is dear."""
    return line.endswith(":") and _ATTRIBUTION.fullmatch(line[:400]) is not None


def _joined(lines: Iterable[str], length: int) -> str:
    out, size = [], 0
    for line in lines:
        words = " ".join((_LINK.sub(" ", line) if "://" in line else line).split())
        if not any(map(str.isalnum, words)):
            continue
        out.append(words)
        size += len(words) + 1
        if size > length:
            break
    return _cut(" ".join(out), length)


def _cut(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    start = text[: max(length - 1, 0)]
    space = start.rfind(" ")
    return (start[:space] if space > length // 2 else start).rstrip(" ,;:-") + "…"
