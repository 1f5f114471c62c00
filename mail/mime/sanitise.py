"""HTML of strangers made fit to show: nothing that runs, loads or leaves. Nothing changes it afterwards."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail.mime import markup
from mail.mime.styles import safe_style

MAX_HTML = 1_000_000
MAX_IMAGES = 5_000_000
"""The most bytes of inline images in one mail."""

_LIMITS = markup.Limits(
    tags=20_000, depth=300, attributes=100, in_all=40_000, work=200_000, references=40_000
)
_MAX_HOSTS = 50

_TAGS = frozenset(
    str.split(
        "a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt "
        "em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s samp small span strike strong sub sup "
        "table tbody td tfoot th thead tr tt u ul var wbr"
    )
)
_DROPPED_WHOLE = frozenset(
    str.split("script style title noscript template iframe object svg math textarea select")
)
_BOX = frozenset(str.split("align valign width height bgcolor"))
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align"},
    "a": {"href"},
    "img": {"src", "alt", *_BOX, "border", "hspace", "vspace"},
    "font": {"color", "face", "size"},
    "table": {*_BOX, "border", "cellpadding", "cellspacing"},
    **{tag: {*_BOX} for tag in ("tr", "tbody", "thead", "tfoot", "col", "colgroup", "hr")},
    **{tag: {*_BOX, "colspan", "rowspan", "nowrap"} for tag in ("td", "th")},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value", "type"},
}
_SCHEMES = {"http", "https", "mailto"}
_TINY = re.compile(r"\s*0*[01](?:\.0*)?(?:px)?\s*")
_TINY_STYLE = re.compile(
    r"(?:^|[;\s])(?:max-)?(width|height)\s*:\s*0*[01](?:\.0+)?(?:px)?\s*(?=[;!]|$)", re.IGNORECASE
)
_CSS_URL = re.compile(r"url\(\s*+(?:['\"]\s*+)?((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)
_REMOTE = re.compile(r"[\s\x00-\x20]*(?:https?:|//)", re.IGNORECASE)


class TooComplex(Exception):
    """The HTML would cost the sanitiser too much; show its text."""


@dataclass(frozen=True, slots=True)
class Clean:
    """Sanitised HTML, and what was kept from loading: how many remote images, how many of them trackers (too
    small to see), and the distinct hosts that they would have asked."""

    html: str = field(repr=False)
    remote_images: int
    trackers: int
    hosts: tuple[str, ...]


def sanitise(html: str, images: Mapping[str, tuple[str, bytes]]) -> Clean:
    """Clean HTML with `cid:` images put in as `data:` URIs from `images` (Content-ID → type, bytes).

    Raises TooComplex. The result is meant for a sandboxed frame with a policy that loads nothing.
    """
    if len(html) > MAX_HTML or not markup.is_within(html, _LIMITS):
        raise TooComplex
    blocked = _Blocked()
    root = LexborHTMLParser(html).root
    if root is not None:
        blocked.look(root)
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_DROPPED_WHOLE,
        attributes=_ATTRIBUTES,
        attribute_filter=_Filter(images),
        link_rel="noopener noreferrer nofollow",
        url_schemes=_SCHEMES | {"cid"},
        url_relative="deny",
    )
    return Clean(cleaned, blocked.images, blocked.trackers, tuple(sorted(blocked.hosts)))


class _Filter:
    """Decides on each attribute that nh3 would keep."""

    def __init__(self, images: Mapping[str, tuple[str, bytes]]) -> None:
        self.images = images
        self.room = MAX_IMAGES

    def __call__(self, tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return safe_style(value) or None
        if (tag, name) == ("img", "src"):
            return self._image(value)
        if name == "href":
            value = value.strip()
            return None if value.lower().startswith("cid:") else value
        return value

    def _image(self, value: str) -> str | None:
        scheme, _colon, content_id = value.strip().partition(":")
        if scheme.lower() != "cid":
            return None
        found = self.images.get(content_id) or self.images.get(unquote(content_id))
        if not found or len(found[1]) > self.room:
            return None
        self.room -= len(found[1])
        return f"data:{found[0]};base64,{base64.b64encode(found[1]).decode('ascii')}"


class _Blocked:
    """Counts what the HTML would have loaded."""

    def __init__(self) -> None:
        self.images = self.trackers = 0
        self.hosts: set[str] = set()

    def look(self, root: LexborNode) -> None:
        for node in root.css("img, input[type=image], [background], [style*='url(' i]"):
            found = node.attributes
            sources = [found.get("src") or "", found.get("background") or ""]
            sources += _CSS_URL.findall(found.get("style") or "")
            remote = [source for source in sources if _REMOTE.match(source)]
            self.images += len(remote)
            self.hosts.update(
                *(_host(source) for source in remote[:_MAX_HOSTS] if len(self.hosts) < _MAX_HOSTS)
            )
            if remote and _is_tiny(found):
                self.trackers += 1


def _host(url: str) -> set[str]:
    try:
        host = urlsplit(url.strip()).hostname
    except ValueError:
        return set()
    return {host[:253]} if host else set()


def _is_tiny(found: Mapping[str, str | None]) -> bool:
    """Whether an image is at most one pixel wide and high, or has no height at all."""
    sizes = {name: bool(_TINY.fullmatch(found.get(name) or "-")) for name in ("width", "height")}
    for name in _TINY_STYLE.findall(found.get("style") or ""):
        sizes[name.lower()] = True
    return all(sizes.values())
