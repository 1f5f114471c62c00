"""Start servers, recognise them again and stop them: only ever those that are ours."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, TypedDict

import psutil

from mailhelper.services.owner import Owner

LOG_BYTES = 5_000_000
BARE_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def launch(argv: Sequence[str], *, folder: Path, log: Path, owner: Owner | None) -> subprocess.Popen[bytes]:
    """Start a server in `folder`, in a session of its own (a terminal's Ctrl-C must not reach it first).

    It inherits nothing of our environment: no PGDATA, no password, no locale.
    """
    with open_log(log) as output:
        return subprocess.Popen(
            argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=BARE_ENVIRONMENT,
            start_new_session=True,
            umask=0o077,
            **as_owner(owner),
        )


class Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def as_owner(owner: Owner | None) -> Identity:
    """The arguments that make subprocess run a program as `owner`."""
    return {} if owner is None else {"user": owner.uid, "group": owner.gid, "extra_groups": []}


def open_log(log: Path) -> BinaryIO:
    """`log` to append to, mode 0600; a big one is put aside as `.1` first."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def last_lines(log: Path, count: int = 8) -> str:
    """The end of a log, indented, for the terminal."""
    if not log.exists():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    return "\n".join(f"  {line}" for line in lines)


def is_ours(pid: int | None, name: str, folder: Path) -> bool:
    """Whether `pid` is a living program `name` that works in `folder`.

    The working folder is the kernel's word, and only our servers go into our private folders;
    a command line could be anybody's, and a process id is given away again.
    """
    if not pid:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or process.name() != name:
            return False
        return Path(process.cwd()) == folder
    except psutil.Error:
        return False


def wait_for_strays(name: str, folder: Path, seconds: float) -> bool:
    """Wait until no process `name` works in `folder` (backends outlive a killed postmaster for a moment)."""
    end = time.monotonic() + seconds
    while any(is_ours(pid, name, folder) for pid in psutil.pids()):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def stop(pid: int, first: signal.Signals, *, patience: float) -> None:
    """Send `first`, wait up to `patience` seconds, then SIGQUIT, then SIGKILL. `pid` is known as ours."""
    try:
        process = psutil.Process(pid)
        for number, seconds in ((first, patience), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            process.send_signal(number)
            if _ended(process, seconds):
                return
    except psutil.NoSuchProcess:
        return


def _ended(process: psutil.Process, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except psutil.TimeoutExpired:
        return False
    return True
