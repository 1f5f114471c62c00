"""Compile message catalogues (.po to .mo) where they changed; the system's gettext is not needed."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from mailhelper.services.errors import ServiceError
from mailhelper.services.places import ROOT


def compile_changed(folder: Path = ROOT / "locale") -> list[Path]:
    """Compile every catalogue below `folder` that is newer than its .mo; return the files written."""
    return [_compile(po) for po in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_stale(po)]


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime_ns <= po.stat().st_mtime_ns


def _compile(po: Path) -> Path:
    mo = po.with_suffix(".mo")
    fresh = mo.with_name(f"{mo.name}.{os.getpid()}.new")
    try:
        with po.open("rb") as source, fresh.open("wb") as target:
            write_mo(target, read_po(source, abort_invalid=True))
    except PoFileError as error:
        fresh.unlink()
        raise ServiceError(f"{po} cannot be read: {error}.") from error
    except PermissionError as error:
        raise ServiceError(f"{mo.parent} cannot be written by this user.") from error
    fresh.replace(mo)
    return mo
