"""How much work a piece of HTML makes for a parser, found in one pass before any parser sees it.

HTML parsers are quadratic: on depth (each tag looks through the open ones), on formatting tags that are
opened again in each block, on attributes of one tag (each is compared with those before it). Measured: nh3
takes 116 s for a megabyte of `<div>`, lexbor 14 s for half of one; neither can be interrupted.

The rules are those of the HTML standard's tokeniser (§13.2.5) and tree construction (§13.2.6), as far as
they decide how deep a tag stands. In doubt a tag counts as still open.
"""

import re
from dataclasses import dataclass

# Atomic groups, not possessive repeats: before Python 3.11.5 a possessive group that can backtrack
# inside matches wrongly (python/cpython#106052), and Debian 12 has 3.11.2.
_ONE = r"[^\s/>][^\s/>=]*+(?>(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*))?)"
_SOME = rf"(?>(?:[\s/]+|{_ONE})*)"
_ATTRIBUTE = re.compile(_ONE)
_TAG = re.compile(
    r"<(?:!--(?:-?>|(?s:.*?)(?:--!?>|\Z))|[!?][^>]*+|/(?![a-zA-Z])[^>]*+|"
    rf"(/?)([a-zA-Z][^\s/>]*+)({_SOME}))"
)

_VOID = frozenset(str.split("area base br col embed hr img input link meta param source track wbr"))
# No deeper in one another than the counted tags around them: a new one closes the one before it.
_CLOSED_BY_NEXT = frozenset(str.split("p li dt dd option optgroup html head body colgroup"))
_UNCOUNTED = _VOID | _CLOSED_BY_NEXT
_CELLS = frozenset(str.split("td th caption"))
_TABLE_PARTS = _CELLS | frozenset(str.split("tr tbody thead tfoot"))
_WALLS = frozenset(str.split("table td button object marquee applet"))  # an end tag does not see past them
_FORMATTING = frozenset(str.split("a b big code em font i nobr s small strike strong tt u"))
_RAW = frozenset(str.split("script style title textarea xmp iframe noembed noframes"))
# Parsers read what is in them by other rules, or not all alike: from there on no end tag counts.
_OTHER_RULES = frozenset(str.split("svg math noscript select template frameset plaintext"))
# Except where so little is in them that it makes no difference.
_HARMLESS = {
    "select": re.compile(
        rf"(?>(?:[^<]+|</?opt(?:ion|group)(?=[\s/>]){_SOME}>)*)(?=</select[\s/>])", re.IGNORECASE
    ),
    "noscript": re.compile(
        rf"(?>(?:[^<]+|<(?:img|br)(?=[\s/>]){_SOME}>)*)(?=</noscript[\s/>])", re.IGNORECASE
    ),
}
_FEW = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """`tags` start and end tags, `depth` of nesting, `attributes` of one tag, `in_all` of all tags,
    `work`: the sum over all tags of the depth that they stand at; `references` to characters ("&amp;"), for
    each of which nh3 copies the text before it."""

    tags: int
    depth: int
    attributes: int
    in_all: int
    work: int
    references: int


def is_within(html: str, limits: Limits) -> bool:
    """Whether HTML source keeps all limits; linear, and stops at the first that it does not keep."""
    if html.count("&") + html.count("\xa0") > limits.references:
        return False
    depth = _Depth()
    tags = in_all = work = spot = 0
    while found := _TAG.search(html, spot):
        spot = found.end()
        closing, name, inside = found.groups()
        tags += 1
        work += len(depth.stack)
        if name:
            name = name.lower()
            attributes = len(_ATTRIBUTE.findall(inside)) if len(inside) > _FEW else 1
            in_all += attributes
            if attributes > limits.attributes:
                return False
            spot = depth.close(name, spot) if closing else depth.open(name, html, spot)
        if (
            tags > limits.tags
            or len(depth.stack) > limits.depth
            or work > limits.work
            or in_all > limits.in_all
        ):
            return False
    return True


class _Depth:
    """The tags that are open at a place."""

    def __init__(self) -> None:
        self.stack: list[str] = []
        self.sure = True
        self.unclosed: set[str] = set()

    def open(self, name: str, html: str, spot: int) -> int:
        """Takes a start tag; gives the place where to read on."""
        if name in _TABLE_PARTS:
            self._leave_cell()
            if name in _CELLS and "table" in self.stack:
                self.stack.append("td")
        elif name in _RAW:
            return self._after_raw(name, html, spot)
        elif name in _OTHER_RULES:
            return self._after_other(name, html, spot)
        elif name not in _UNCOUNTED:
            self.stack.append(name)
        return spot

    def close(self, name: str, spot: int) -> int:
        """Takes an end tag, which counts only where its tag is open and in scope; gives `spot`."""
        if name in _TABLE_PARTS:
            self._leave_cell()
        elif self.sure and name not in _UNCOUNTED:
            place = self._find(name)
            if place is not None and name in _FORMATTING:
                del self.stack[place]
            elif place is not None:
                # What formats text is opened again behind the block that was closed around it.
                self.stack[place:] = [other for other in self.stack[place + 1 :] if other in _FORMATTING]
        return spot

    def _find(self, name: str) -> int | None:
        for place in range(len(self.stack) - 1, -1, -1):
            other = self.stack[place]
            if other == name:
                return place
            if other in _WALLS and not (name == "table" and other != "table"):
                return None
        return None

    def _leave_cell(self) -> None:
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] == "table":
                return
            if self.stack[place] == "td":
                if self.sure:
                    del self.stack[place:]
                return

    def _after_raw(self, name: str, html: str, spot: int) -> int:
        """Behind text in which tags mean nothing, except where a script hides another one."""
        end = None
        if name not in self.unclosed:
            end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(html, spot)
        if end is None:
            self.unclosed.add(name)  # looked for once only
            self.sure = False
            return spot
        if name == "script" and "<script" in html[spot : end.start()].lower():
            self.sure = False
        return end.end()

    def _after_other(self, name: str, html: str, spot: int) -> int:
        # A ">" ends the start tag; what follows is searched for tags that could stand open.
        found = _HARMLESS[name].match(html, html.find(">", spot) + 1) if name in _HARMLESS else None
        if found and f"</{name}" not in found[0].lower():
            return found.end()
        self.stack.append(name)
        self.sure = False
        return spot
