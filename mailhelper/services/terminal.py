"""How the commands of bin/ speak and end: one clear line for what went wrong, and signals that clean up."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from mailhelper.services.errors import ServiceError

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked us to end. Not an Exception: nothing on the way may take it for an error of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def say(line: str) -> None:
    """A line of progress. Standard output is for results."""
    print(line, file=sys.stderr, flush=True)


def run_main(main: Callable[[list[str]], int]) -> NoReturn:
    """Run a command of bin/ and exit with its code; ServiceError is said and ends with 1."""
    for number in ENDING:
        signal.signal(number, _stop)
    try:
        code = main(sys.argv[1:])
    except ServiceError as error:
        say(str(error))
        code = 1
    except Stopped as stopped:
        code = stopped.code
    sys.exit(code)


def _stop(number: int, frame: FrameType | None) -> None:
    ignore_signals()  # the way out is walked once
    raise Stopped(number)


def ignore_signals() -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def run_child(argv: Sequence[str], env: Mapping[str, str], cwd: str | None = None) -> int:
    """Run a program on our terminal and return its exit code (128 + n when a signal ended it).

    Ctrl-C goes to the child alone, which may want to live on (a shell does); we pass SIGTERM and SIGHUP on.
    """
    with subprocess.Popen(argv, env={**os.environ, **env}, cwd=cwd) as child, _passing_on(child):
        code = child.wait()
    return 128 - code if code < 0 else code


@contextmanager
def _passing_on(child: subprocess.Popen[bytes]) -> Iterator[None]:
    def leave_to_child(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            child.send_signal(number)

    kept = {number: signal.signal(number, leave_to_child) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
