"""The demo mailbox: a real IMAP server (pymap over a Maildir++ tree) on loopback, filled with our letters.

    python -m mail.demo.server --dir .data/demo --port 4143

Prints `ready` when it listens and stops on SIGTERM or SIGINT. User and password: `mail.demo.password`.
"""

import argparse
import asyncio
import fcntl
import os
import re
import signal
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from mailbox import MaildirMessage
from pathlib import Path
from typing import IO, Any

from pymap.backend.maildir import Config, Login, MaildirBackend
from pymap.backend.maildir.mailbox import Maildir
from pymap.backend.maildir.users import PasswordsFile, UsersFile
from pymap.concurrent import Subsystem
from pymap.imap import IMAPService
from pysasl.hashing import BuiltinHash

from mail.demo.filling import LAYOUT, ensure_filled
from mail.demo.password import USER, demo_password

HOST = "127.0.0.1"
STOP_WITHIN = 3.0  # seconds
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")
# The password is 192 random bits: stretching it would cost each connection a quarter of a second for nothing.
_HASH = BuiltinHash(rounds=1_000)


class Stored(MaildirMessage):
    """A stored mail as its very bytes. pymap would send what Python's parser makes of it: long header lines
    folded anew, broken ones repaired."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self._raw = _BARE_NEWLINE.sub(b"\r\n", raw)

    def __bytes__(self) -> bytes:
        return self._raw


def stored(maildir: Maildir, key: str) -> Stored:
    """Stands in for Maildir.get_message."""
    with maildir.get_file(key) as file:
        return Stored(file.read())


class DemoConfig(Config):
    """pymap's settings for one mailbox on loopback; one event loop, no threads."""

    @classmethod
    def parse_args(cls, args: Namespace) -> Mapping[str, Any]:
        return {**super().parse_args(args), "subsystem": Subsystem.for_asyncio(), "hash_context": _HASH}

    @property
    def greeting(self) -> bytes:
        return b"Demo mailbox ready"


def main() -> int:
    """Runs the server; returns the exit code."""
    parser = argparse.ArgumentParser(prog="mail.demo.server", description="The demo mailbox.")
    parser.add_argument("--dir", type=Path, default=Path(".data/demo"))
    parser.add_argument("--port", type=int, default=4143)
    args = parser.parse_args()
    directory = args.dir.resolve()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(directory / "lock", "w", encoding="ascii") as lock:
            return _run(directory, args.port, lock)
    except OSError as error:
        print(f"The demo mailbox cannot start: {error.strerror or error}.", file=sys.stderr)
        return 1


def _run(directory: Path, port: int, lock: IO[str]) -> int:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"Another demo mailbox already runs in {directory}.", file=sys.stderr)
        return 1
    _settle(directory)
    home = ensure_filled(directory, datetime.now(UTC))
    _write_user(directory, home.name)
    asyncio.run(serve(directory, port))
    return 0


def _settle(directory: Path) -> None:
    """What pymap takes from the process: files are renamed out of the temporary folder, which must lie on
    the same disk; times are told in local time with today's offset, which is wrong across a clock change."""
    os.umask(0o077)
    temporary = directory / "tmp"
    temporary.mkdir(exist_ok=True)
    tempfile.tempdir = str(temporary)
    os.environ["TZ"] = "UTC"
    time.tzset()
    Maildir.get_message = stored  # type: ignore[assignment, method-assign]


def _write_user(directory: Path, home: str) -> None:
    users = UsersFile(str(directory))
    users.set(users.build_record(USER, home))
    users.file_write()
    passwords = PasswordsFile(str(directory))
    passwords.set(passwords.build_record(USER, _HASH.hash(demo_password(directory))))
    passwords.file_write()


async def serve(directory: Path, port: int) -> None:
    """Serves the mailbox until SIGTERM or SIGINT; raises OSError if the port is taken."""
    config = DemoConfig.from_args(_pymap_args(directory, port))
    config.apply_context()
    backend = MaildirBackend(Login(config), config)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        await backend.start(stack)
        await IMAPService(backend, config).start(stack)
        print("ready", flush=True)
        await stop.wait()
        await _end_connections()


async def _end_connections() -> None:
    """Newer Pythons wait for open connections when a server closes: end them first."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.wait(others, timeout=STOP_WITHIN)


def _pymap_args(directory: Path, port: int) -> Namespace:
    return Namespace(
        base_dir=str(directory),
        layout=LAYOUT,
        colon=None,
        concurrency=1,
        host=[HOST],
        port=port,
        tls=False,
        cert=None,
        key=None,
        debug=False,
        passlib_cfg=None,
        proxy_protocol=None,
        inherited_sockets=None,
    )


if __name__ == "__main__":
    sys.exit(main())
