"""mbsync (isync) beside us: the same mailbox into a Maildir, everything at its defaults."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench.mailbox import PASSWORD, USER
from bench.taken import Taken
from mailhelper.services.errors import ServiceError
from tests.servers.dovecot import Dovecot

PROGRAM = "mbsync"

# FSync is on and PipelineDepth without limit unless said otherwise.
_CONFIG = """\
IMAPStore far
Host {host}
Port {port}
User {user}
Pass "{password}"
SSLType None

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel mail
Far :far:
Near :near:
Patterns *
Create Near
SyncState *
"""


class Mbsync:
    """One channel, and the Maildir that it fills. `folder` should lie on the database's disk."""

    name = "mbsync"

    def __init__(self, server: Dovecot, folder: Path) -> None:
        if not shutil.which(PROGRAM):
            raise ServiceError("mbsync is missing: apt-get install isync")
        self._mail = folder / "mail"
        self._config = folder / "mbsyncrc"
        folder.mkdir(parents=True, exist_ok=True)
        text = _CONFIG.format(host=server.host, port=server.port, user=USER, password=PASSWORD, folder=folder)
        self._config.write_text(text)
        self._config.chmod(0o600)

    def empty(self) -> None:
        """Forget all mail. It is put aside: deleting so many files just before slows what follows."""
        if self._mail.exists():
            self._mail.rename(tempfile.mkdtemp(prefix="old-", dir=self._mail.parent))
        self._mail.mkdir()

    def sync(self) -> Taken:
        """Run to the end. Raises ServiceError with what it said."""
        begun = time.perf_counter()
        child = subprocess.Popen(
            [PROGRAM, "--quiet", "--config", self._config, "mail"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert child.stdout is not None
        said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        if child.returncode:
            raise ServiceError(
                f"mbsync ended with {child.returncode}: {said.decode(errors='replace')[-500:]}"
            )
        return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)

    def count(self) -> int:
        """How many mails are in the Maildir's inbox."""
        return sum(1 for name in ("new", "cur") for _ in (self._mail / "INBOX" / name).iterdir())
