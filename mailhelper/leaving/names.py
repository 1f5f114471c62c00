"""Names of files that every system takes, for folders called anything. Pure."""

import re
import unicodedata

_UNSAFE = re.compile(r"[^\w .@+&()-]+")
_LONGEST = 80  # bytes

PREFIX = "MailHelper-export-"


def safe_name(number: int, name: str) -> str:
    """`name` fit for a file: numbered, so that no two are alike and none is a device's (CON, NUL)."""
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    text = " ".join(_UNSAFE.sub("_", text).split())
    text = text.encode()[:_LONGEST].decode("utf-8", "ignore").strip(" .")
    return f"{number:02d} {text or 'unnamed'}"
