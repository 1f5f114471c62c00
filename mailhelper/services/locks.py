"""Locks between processes (flock): they end with their holder, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self


class Lock:
    """A lock file of mode 0600. Closed by `release`, by `with`, or by the death of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self) -> None:
        """Wait until nobody else holds it."""
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def try_take(self) -> bool:
        """Take it alone; False if anyone else holds it. A share of our own is given up on the way."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def share(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock at `path` for a moment; others wait."""
    with Lock(path) as lock:
        lock.take()
        yield


def is_held(path: Path) -> bool:
    """Whether some living process holds the lock at `path`."""
    if not path.exists():
        return False
    with Lock(path) as lock:
        return not lock.try_take()
