"""One bin/run a checkout, and how bin/manage beside it learns what it runs with.

Stored: `locks/run.lock` is held while bin/run lives; `running.json` (0600) holds its process id, page and
the settings that it gave its children. The file counts only while the lock is held.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mailhelper.services import places
from mailhelper.services.errors import ServiceError, told_plainly
from mailhelper.services.locks import Lock, is_held

FILE = "running.json"
GLANCE = 0.3  # seconds; bin/manage holds the lock for a moment when it looks


@contextmanager
def claim(data: Path) -> Iterator[None]:
    """Be the one bin/run of this data folder, or raise ServiceError naming the other."""
    with told_plainly(data):
        places.make_private(data)
        places.make_private(data / "locks")
        lock = Lock(data / "locks" / "run.lock")
    with lock:
        if not _taken(lock):
            raise ServiceError(_other(data))
        try:
            yield
        finally:
            (data / FILE).unlink(missing_ok=True)


def _taken(lock: Lock) -> bool:
    end = time.monotonic() + GLANCE
    while not lock.try_take():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _other(data: Path) -> str:
    try:
        found = json.loads((data / FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return "Mail Helper is being started by another bin/run already."
    return f"Mail Helper runs already: {found['url']} (process {found['pid']})."


def announce(data: Path, url: str, settings: Mapping[str, str]) -> None:
    """Say where we are; `settings` are the names that bin/manage shall share."""
    told = {"pid": os.getpid(), "url": url, "settings": dict(settings)}
    places.write_private(data / FILE, json.dumps(told))


def shared_settings(data: Path) -> dict[str, str]:
    """The settings of the bin/run that lives now, else none."""
    if not is_held(data / "locks" / "run.lock"):
        return {}
    try:
        found = json.loads((data / FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found["settings"].items()}
