"""A mail's text as HTML: escaped, its links made links, what it quotes dimmed."""

import re
from itertools import groupby

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

MAX_SHOWN = 300_000
"""So many characters of a text are shown."""

_MAX_LINK = 2000
_LINK = re.compile(r"https?://[^\s<>\"'`\u2028-\u202e\u2066-\u2069]+", re.IGNORECASE)
_TRAILING = ".,;:!?*_"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def as_html(text: str) -> SafeString:
    """Lines stay lines (the page keeps white space). Only http and https become links."""
    blocks = [
        (quoted, "\n".join(linked(line) for line in lines))
        for quoted, lines in groupby(text[:MAX_SHOWN].split("\n"), key=_is_quoted)
    ]
    shown = [f'<span class="quoted">{block}</span>' if quoted else block for quoted, block in blocks]
    return mark_safe("\n".join(shown))  # noqa: S308  (every piece passed through escape)


def linked(line: str) -> str:
    """One line, escaped, with links."""
    pieces, end = [], 0
    for found in _LINK.finditer(line):
        url = _trimmed(found[0])
        pieces += [escape(line[end : found.start()]), _link(url)]
        end = found.start() + len(url)
    return "".join([*pieces, escape(line[end:])])


def _is_quoted(line: str) -> bool:
    return line.startswith(">")


def _link(url: str) -> str:
    shown = escape(url)
    if len(url) > _MAX_LINK:
        return shown
    return f'<a href="{shown}" target="_blank" rel="noopener noreferrer nofollow">{shown}</a>'


def _trimmed(url: str) -> str:
    """Without the full stop of the sentence and the bracket around it."""
    if len(url) > _MAX_LINK:  # becomes no link, and each step looks at all of it
        return url
    while url[-1] in _TRAILING or (url[-1] in _PAIRS and url.count(url[-1]) > url.count(_PAIRS[url[-1]])):
        url = url[:-1]
    return url
