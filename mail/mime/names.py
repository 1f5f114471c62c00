"""File names that other people chose, made safe to show and to store."""

import re
import unicodedata

MAX_BYTES = 150
_MAX_EXTENSION = 20
_MAX_INPUT = 4096
_PLAIN = re.compile(r"[A-Za-z0-9_(][A-Za-z0-9_() -]{0,80}\.[A-Za-z0-9]{1,8}", re.ASCII)
_FORBIDDEN = re.compile(r"[<>:\"|?*]")
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE
)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_name(name: str, fallback: str = "attachment") -> str:
    """The last part of a file name in NFC, at most 150 bytes of UTF-8, its extension kept.

    No control, bidirectional or zero-width characters, no path, no leading or trailing dots and spaces, no
    name that Windows reserves; `fallback` where nothing is left.
    """
    if _PLAIN.fullmatch(name) and not _RESERVED.match(name):
        return name
    name = unicodedata.normalize("NFC", name[:_MAX_INPUT])
    # A hidden character may stand for a blank (a folded header): words stay apart.
    name = "".join(" " if char in "\r\n\t" else char for char in name)
    name = "".join(char for char in name if unicodedata.category(char) not in _HIDDEN)
    name = re.split(r"[/\\\u2044\u2215\u29f5\u29f8\uff0f\uff3c]", name)[-1]
    name = " ".join(_FORBIDDEN.sub("_", name).split()).strip(". ")
    if _RESERVED.match(name):
        name = f"_{name}"
    return _cut(name) or fallback


def _cut(name: str) -> str:
    if len(name.encode()) <= MAX_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > _MAX_EXTENSION:
        stem, dot, extension = name, "", ""
    room = MAX_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + dot + extension
