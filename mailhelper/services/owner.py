"""Who runs the servers. PostgreSQL refuses root, so root lends them a system user of their own."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mailhelper.services.errors import ServiceError

NAME = "mailhelper-db"


@dataclass(frozen=True)
class Owner:
    """A user that the servers run as; None stands for "as we are" where an Owner is optional."""

    uid: int
    gid: int

    def take(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def may_enter(self, folder: Path) -> bool:
        """Whether every folder from / down to `folder` lets this user pass (mode bits; no ACLs)."""
        return all(self._has(parent.stat(), stat.S_IXUSR) for parent in (folder, *folder.parents))

    def may_read_all(self, folder: Path) -> bool:
        """Whether this user may read `folder` and everything below it."""
        return self.may_enter(folder) and all(self._may_read(path.stat()) for path in folder.rglob("*"))

    def _may_read(self, about: os.stat_result) -> bool:
        passes = self._has(about, stat.S_IXUSR) or not stat.S_ISDIR(about.st_mode)
        return passes and self._has(about, stat.S_IRUSR)

    def _has(self, about: os.stat_result, bit: int) -> bool:
        """`bit` is one of the user's (S_IXUSR); it is moved to where this user's class stands."""
        if about.st_uid == self.uid:
            return bool(about.st_mode & bit)
        if about.st_gid == self.gid:
            return bool(about.st_mode & bit >> 3)
        return bool(about.st_mode & bit >> 6)


def choose(data: Path) -> Owner | None:
    """None for an ordinary user. Root gets whoever owns the data already, else the system user."""
    if os.geteuid() != 0:
        return None
    for kept in (data / "postgres", data / "valkey"):
        if kept.is_dir() and not kept.is_symlink() and kept.stat().st_uid != 0:
            return Owner(kept.stat().st_uid, kept.stat().st_gid)
    return _system_user()


def _system_user() -> Owner:
    if not _exists():
        _make()
    entry = pwd.getpwnam(NAME)
    return Owner(entry.pw_uid, entry.pw_gid)


def _exists() -> bool:
    try:
        pwd.getpwnam(NAME)
    except KeyError:
        return False
    return True


def _make() -> None:
    command = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    hint = "Run as an ordinary user, or set DATABASE_URL and REDIS_URL to servers of your own."
    if command is None:
        raise ServiceError(f"PostgreSQL does not run as root and there is no useradd to make a user. {hint}")
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    made = subprocess.run(
        [command, *options, "--shell", "/usr/sbin/nologin", NAME], capture_output=True, text=True, check=False
    )
    if made.returncode and not _exists():
        raise ServiceError(
            f"PostgreSQL does not run as root and user {NAME} cannot be made: {made.stderr.strip()} {hint}"
        )
