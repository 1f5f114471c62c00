"""The processes of bin/run: started with a log each, watched, and stopped together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mailhelper.services import process
from mailhelper.services.errors import ServiceError
from mailhelper.services.places import ROOT

PATIENCE = 8.0  # seconds to end by itself: a unit of work takes three
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Child:
    name: str
    log: Path
    began_at: int  # where its part of the log begins, bytes
    popen: "subprocess.Popen[bytes]"

    def said(self, line: str) -> bool:
        """Whether its log has this line by now."""
        with self.log.open("rb") as file:
            file.seek(self.began_at)
            return line.encode() in file.read().splitlines()


class Household:
    """Use as a context: on the way out all children are stopped, the first started last."""

    def __init__(self, log: Path, env: Mapping[str, str]) -> None:
        self._log = log
        self._env = {**os.environ, **env, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._children: list[Child] = []

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        handles: Sequence[int] = (),
        extra: Mapping[str, str] | None = None,
    ) -> Child:
        """Start `python argv…` with `extra` in its environment and `handles` left open.

        A killed bin/run takes its children with it (Linux).
        """
        log = self._log / f"{name.replace(' ', '-')}.log"
        with process.open_log(log) as output:
            began_at = os.fstat(output.fileno()).st_size
            popen = subprocess.Popen(
                [sys.executable, "-P", *argv],
                cwd=ROOT,
                env={**self._env, **(extra or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=handles,
                preexec_fn=_end_with(os.getpid()),  # safe: we have one thread
            )
        child = Child(name, log, began_at, popen)
        self._children.append(child)
        return child

    def check(self) -> None:
        """Raise ServiceError when a child has ended: none ends by itself while all is well."""
        for child in self._children:
            code = child.popen.poll()
            if code is not None:
                raise ServiceError(
                    f"The {child.name} has ended ({_told(code)}). {child.log} ends with:\n"
                    f"{process.last_lines(child.log)}"
                )

    def wait_until(self, what: str, is_so: Callable[[], bool], seconds: float) -> None:
        """Wait for the children; raise ServiceError when one ends or it takes too long."""
        end = time.monotonic() + seconds
        while not is_so():
            self.check()
            if time.monotonic() > end:
                raise ServiceError(f"The {what} is not ready after {seconds:.0f} seconds: see {self._log}.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask all but the first at once, then the first: the others may still be talking to it."""
        first, rest = self._children[:1], self._children[1:]
        for group in (rest, first):
            _stop_all([child.popen for child in group])
        self._children.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _end_with(parent: int) -> Callable[[], None]:
    """Between fork and exec: have the kernel end us when our parent dies."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)

    def arrange() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return arrange


def _stop_all(children: Sequence["subprocess.Popen[bytes]"]) -> None:
    # Told twice: a Python program whose handler raises can lose it in somebody's "except".
    half = PATIENCE / 2
    steps = ((signal.SIGTERM, half), (signal.SIGTERM, half), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0))
    for number, seconds in steps:
        living = [child for child in children if child.poll() is None]
        for child in living:
            _send(child, number)
        end = time.monotonic() + seconds
        while any(child.poll() is None for child in living) and time.monotonic() < end:
            time.sleep(0.05)


def _send(child: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    if number == signal.SIGKILL:
        os.killpg(child.pid, number)  # with its own children; not yet reaped, so the number is still its own
    else:
        child.send_signal(number)


def _told(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
