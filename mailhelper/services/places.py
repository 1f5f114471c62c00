"""Where things lie: the checkout, its data folder, and files that only their owner may read."""

import os
import secrets
import shutil
from importlib.util import find_spec
from pathlib import Path

from mailhelper.services.errors import ServiceError

ROOT = Path(__file__).resolve().parents[2]
LEAST_FREE_BYTES = 200_000_000


def data_dir() -> Path:
    """DATA_DIR, or `.data` of the checkout; absolute, links resolved."""
    return Path(os.environ.get("DATA_DIR") or ROOT / ".data").resolve()


def make_private(folder: Path) -> Path:
    """Make `folder` (0700) unless it is there; what is there keeps its mode."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_private(path: Path, text: str, uid: int = -1, gid: int = -1) -> None:
    """Write a file of mode 0600 in one step: after a crash it is whole or absent."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchown(handle, uid, gid)
        file.write(text)
        file.flush()
        os.fsync(handle)
    fresh.replace(path)


def number(path: Path) -> int | None:
    """The number at the beginning of a small file, or None."""
    try:
        first = path.read_text(encoding="ascii").split(maxsplit=1)[:1]
    except FileNotFoundError:
        return None
    return int(first[0]) if first and first[0].isdigit() else None


def password(path: Path) -> str:
    """The random password that `path` keeps (32 letters of hex, mode 0600); made at first use."""
    if not path.exists():
        make_private(path.parent)
        write_private(path, secrets.token_hex(16))
    return path.read_text(encoding="utf-8").strip()


def package(name: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(f"The package {name} is not installed: run bin/setup.")
    return Path(spec.submodule_search_locations[0]).resolve()


def ask_for_space(folder: Path) -> None:
    """Raise ServiceError when the disk of `folder` has less than 200 MB left."""
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        wanted = LEAST_FREE_BYTES // 1_000_000
        raise ServiceError(
            f"The disk that holds {folder} has {free // 1_000_000} MB left and {wanted} MB are needed: "
            "free some space and start again."
        )
