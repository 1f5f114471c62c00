"""Inline styles that may stay: colours, type, boxes. Nothing that loads, overlays or escapes."""

import re

_PROPERTIES = frozenset(
    str.split(
        "color background-color background font font-family font-size font-style font-weight line-height "
        "letter-spacing text-align text-decoration text-indent text-transform vertical-align white-space "
        "width max-width min-width height max-height min-height "
        "margin margin-top margin-right margin-bottom margin-left "
        "padding padding-top padding-right padding-bottom padding-left "
        "border border-top border-right border-bottom border-left border-color border-style border-width "
        "border-radius border-collapse border-spacing border-top-color border-bottom-color "
        "display float clear list-style-type table-layout overflow word-break overflow-wrap direction"
    )
)
# Words, numbers, colours and quoted font names; of functions only colours. No ":" (schemes), no "\"
# (escapes), no "@", no "/" (comments), no negative lengths (which push text over the page's own words).
_VALUE = re.compile(
    r"(?>(?:(?:rgba?|hsla?)\([\d\s.,%]{1,40}\)|[\w\s#%.,!'\"]|(?<=[A-Za-z])-)*)", re.ASCII | re.IGNORECASE
)
_MAX_STYLE, _MAX_VALUE = 4000, 200


def safe_style(style: str) -> str:
    """The declarations of a style attribute that may stay; empty where none may."""
    kept = []
    for declaration in style[:_MAX_STYLE].split(";"):
        name, _colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name in _PROPERTIES and 0 < len(value) <= _MAX_VALUE and _VALUE.fullmatch(value):
            kept.append(f"{name}: {value}")
    return "; ".join(kept)
