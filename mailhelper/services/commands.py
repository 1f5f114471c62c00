"""manage.py's commands as steps of bin/run: quiet, with a log, and one clear error."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mailhelper.services import process
from mailhelper.services.errors import ServiceError
from mailhelper.services.places import ROOT

LOOK_EVERY = 0.2  # seconds
CHUNK = 65536  # bytes


@dataclass(frozen=True)
class Manage:
    """`env` goes to every command beside our own environment; what they say goes to `log`."""

    log: Path
    env: Mapping[str, str] = field(repr=False)

    def start(self, *arguments: str) -> "Command":
        """Begin a command; `Command.finish` waits for it."""
        return Command(self._open(arguments, piped=False), arguments[0], self.log)

    def start_telling(self, *arguments: str) -> "Command":
        """Begin a command that prints lines of JSON. They go to no log: they may hold a password."""
        return Command(self._open(arguments, piped=True), arguments[0], self.log)

    def _open(self, arguments: tuple[str, ...], piped: bool) -> "subprocess.Popen[bytes]":
        with process.open_log(self.log) as log:
            return subprocess.Popen(
                [sys.executable, "-P", str(ROOT / "manage.py"), *arguments],
                cwd=ROOT,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else log,
                stderr=log,
            )


class Command:
    """One command that runs. As a context it is ended on the way out."""

    def __init__(self, popen: "subprocess.Popen[bytes]", name: str, log: Path) -> None:
        self._popen = popen
        self._name = name
        self._log = log
        self._unread = b""

    def finish(self) -> None:
        """Wait for its end. Raises ServiceError when it failed."""
        if self._popen.wait():
            raise ServiceError(
                f"manage.py {self._name} failed. {self._log} ends with:\n{process.last_lines(self._log)}"
            )

    def next_told(self, check: Callable[[], None]) -> dict[str, Any]:
        """The next line, read as a JSON object; `check` is called while we wait.

        Raises ServiceError when the command ends without it.
        """
        assert self._popen.stdout is not None
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._popen.stdout], [], [], LOOK_EVERY)
            chunk = os.read(self._popen.stdout.fileno(), CHUNK) if ready else None
            if chunk == b"":
                self.finish()
                raise ServiceError(f"manage.py {self._name} ended too early.")
            self._unread += chunk or b""
            check()
        line, self._unread = self._unread.split(b"\n", 1)
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise ServiceError(f"manage.py {self._name} did not print JSON.") from error
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._popen.terminate()
        self._popen.wait()
        if self._popen.stdout is not None:
            self._popen.stdout.close()
