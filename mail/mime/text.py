"""HTML to the text that a reader would see."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail.mime import markup

MAX_HTML = 500_000
"""The most characters of HTML source that are read for their text."""

_EASY_LENGTH, _EASY_TAGS, _EASY_RUN = 8000, 2500, 3000
_LIMITS = markup.Limits(
    tags=50_000, depth=300, attributes=300, in_all=100_000, work=300_000, references=500_000
)

# Control characters, taken out of the source and put in as marks: LINE makes sure that a new
# line begins, BREAK begins one more; whatever stands between HIDE and SHOW is left out. (Nodes are not
# removed: one inside another would be freed twice.)
_BREAK, _HIDE, _SHOW, _LINE = "\x01", "\x02", "\x03", "\x04"
_MARKS = re.compile(f"[{_BREAK}{_HIDE}{_SHOW}{_LINE}]")

_BEFORE = {
    "td": " ",
    "th": " ",
    "li": f"{_LINE}- ",
    "br": _BREAK,
    **dict.fromkeys(("div", "tr", "dt", "dd", "section", "article", "address", "center"), _LINE),
    **dict.fromkeys(
        ("p", "h1", "h2", "h3", "h4", "blockquote", "pre", "hr", "ul", "ol", "table"), _BREAK * 2
    ),
}
_AFTER = {
    **dict.fromkeys(("div", "center", "address", "section", "article"), _LINE),
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "blockquote", "pre", "ul", "ol", "table"), _BREAK * 2),
}
_DROPPED = frozenset(
    str.split("script style head title template noscript object iframe svg math select textarea")
)
_UNSEEN = (
    '[hidden], [style*="display:none" i], [style*="display: none" i], [style*="visibility:hidden" i], '
    '[style*="visibility: hidden" i]'
)
_FAINT = (
    '[style*="font-size:0" i], [style*="font-size: 0" i], [style*="opacity:0" i], [style*="opacity: 0" i]'
)
_UNSEEN_HINTS = ("display:none", "display: none", "hidden")
_FAINT_HINTS = ("font-size:0", "font-size: 0", "opacity:0", "opacity: 0")
_NOTHING = re.compile(
    r"(font-size|opacity)\s*:\s*0+(?:\.0*)?(?:px|pt|em|rem|%)?\s*(?:[;!]|\Z)", re.IGNORECASE
)
_PRE = re.compile(r"<pre[\s>].*?(?:</pre|\Z)", re.IGNORECASE | re.DOTALL)
_TAGS = re.compile(r"<[^<>]*+>")
# Senders pad the preview line with characters that take no room.
_FILLERS = "\u00ad\u034f\u2007\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_FILLER = re.compile(f"(?:[{_FILLERS}][ \u00a0]*+){{2,}}")


def html_to_text(html: str) -> str:
    """Visible text, a line a block, at most one empty line in a row. Never raises.

    Scripts, styles, comments and what inline styles hide are left out; of HTML that would cost a parser too
    much only the tags are (see `markup`). Text hidden by a style sheet or by its colour stays.
    """
    html = html[:MAX_HTML]
    if not _is_easy(html):
        return _lines(_MARKS.sub(" ", _TAGS.sub(" ", html)))
    if any(mark in html for mark in (_BREAK, _HIDE, _SHOW, _LINE)):
        html = _MARKS.sub("", html)
    if "<pre" in html or "<PRE" in html:
        html = _PRE.sub(lambda found: found[0].replace("\n", "<br>"), html)
    root = LexborHTMLParser(html).root
    if root is None:
        return ""
    _mark(root)
    _mark_hidden(root, html)
    return _lines(_shown(root.text()))


def _is_easy(html: str) -> bool:
    """Whether a parser may have it. Few and short tags need no closer look."""
    if len(html) <= _EASY_LENGTH and html.count("<") <= _EASY_TAGS:
        return True
    runs = html.split("<")
    if len(runs) <= _EASY_TAGS and max(map(len, runs)) <= _EASY_RUN:
        return True
    return markup.is_within(html, _LIMITS)


def _mark(root: LexborNode) -> None:
    # One walk over all nodes and a look-up each: a selector of so many names takes four times as long.
    for node in root.css("*"):
        tag = node.tag or ""
        before = _BEFORE.get(tag)
        if before:
            node.insert_before(before)
            if tag in _AFTER:
                node.insert_after(_AFTER[tag])
        elif tag in _DROPPED:
            _hide(node)


def _mark_hidden(root: LexborNode, html: str) -> None:
    """Hides what inline styles hide; looks for it only where the source speaks of it."""
    source = html.lower()
    if "style" not in source and "hidden" not in source:
        return
    if any(hint in source for hint in _UNSEEN_HINTS):
        for node in root.css(_UNSEEN):
            _hide(node)
    if any(hint in source for hint in _FAINT_HINTS):
        for node in root.css(_FAINT):
            if _is_faint(node):
                _hide(node)


def _hide(node: LexborNode) -> None:
    node.insert_before(_HIDE)
    node.insert_after(_SHOW)


def _is_faint(node: LexborNode) -> bool:
    """Without size or opacity; a size of nothing is usual on frames whose children set their own."""
    found = _NOTHING.search(node.attributes.get("style") or "")
    if not found:
        return False
    sized = node.css('[style*="font-size" i], font')
    return found[1].lower() == "opacity" or all(other.mem_id == node.mem_id for other in sized)


def _shown(text: str) -> str:
    """The text outside of all pairs of HIDE and SHOW."""
    start, *hidden = text.split(_HIDE)
    shown, depth = [start], 0
    for piece in hidden:
        depth += 1
        _inner, *after = piece.split(_SHOW)
        for part in after:
            depth -= 1
            if depth <= 0:
                shown.append(part)
    return "".join(shown)


def _lines(text: str) -> str:
    if not text.isascii() and any(char in text for char in _FILLERS):
        text = _FILLER.sub(" ", text)
    lines: list[str] = []
    for block in text.split(_LINE):
        if not block or block.isspace():
            continue
        for line in block.split(_BREAK):
            line = " ".join(line.split())
            if line or (lines and lines[-1]):
                lines.append(line)
    return "\n".join(lines).rstrip()
