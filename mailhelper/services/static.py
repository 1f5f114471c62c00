"""Whether the static files must be collected again: it costs a second at every start."""

import hashlib
from pathlib import Path

from mailhelper.services.places import ROOT

STAMP = ROOT / ".cache" / "static"
COLLECTED = ROOT / "staticfiles" / "staticfiles.json"


def fingerprint() -> str:
    """Changes with any of our static files and with the installed packages, which bring their own."""
    digest = hashlib.sha256(_text(ROOT / ".venv" / "installed.json").encode())
    digest.update(_text(ROOT / "mailhelper" / "settings.py").encode())
    for path in sorted((ROOT / "static").rglob("*")):
        about = path.stat()
        digest.update(f"{path}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def is_collected() -> bool:
    """Whether what lies in staticfiles/ was made from what there is now."""
    return COLLECTED.exists() and _text(STAMP) == fingerprint()


def note(made_from: str) -> None:
    """Remember what staticfiles/ was made from: the fingerprint taken before."""
    STAMP.parent.mkdir(exist_ok=True)
    STAMP.write_text(made_from, encoding="ascii")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
