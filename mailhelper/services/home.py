"""Where the servers live: in the data folder, or, for root, where their user can get to.

A checkout below /root is closed to the user that root lends the servers. Nobody's folders are opened
for it: the servers' files then lie below /var/lib/mailhelper, and the data folder keeps a note of where.
"""

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mailhelper.services import places
from mailhelper.services.errors import ServiceError, told_plainly
from mailhelper.services.owner import Owner

AWAY = Path("/var/lib/mailhelper")
NOTE = "servers-are-in"
SOCKETS = Path("/tmp")  # noqa: S108 - short enough for a socket's path (107 bytes), whatever TMPDIR says


@dataclass(frozen=True)
class Home:
    """One checkout's servers: `data` is DATA_DIR, `servers` holds their own folders."""

    data: Path
    servers: Path
    owner: Owner | None

    @property
    def log(self) -> Path:
        return self.data / "log"

    @property
    def passwords(self) -> Path:
        return self.data / "passwords"

    def folder(self, name: str) -> Path:
        """The private folder (0700) of one server, its own user's."""
        folder = places.make_private(self.servers / name)
        self.give(folder)
        return folder

    def give(self, path: Path) -> None:
        """Hand a file or folder that we made to the servers' user."""
        if self.owner is not None:
            self.owner.take(path)

    def write(self, path: Path, text: str) -> None:
        """Write a file (0600) that the servers' user reads."""
        owner = self.owner
        places.write_private(path, text, *((owner.uid, owner.gid) if owner else ()))


def settle(data: Path, owner: Owner | None) -> Home:
    """Make the folders of DATA_DIR and find where the servers live."""
    with told_plainly(data):
        places.make_private(data)
        places.make_private(data / "log")
        places.make_private(data / "passwords")
        places.ask_for_space(data)
        return Home(data, _servers(data, owner), owner)


def _servers(data: Path, owner: Owner | None) -> Path:
    if owner is None or (data / NOTE).exists():
        return found(data)
    if not owner.may_enter(data.parent):
        return _away(data / NOTE)
    if not owner.may_enter(data):
        data.chmod(stat.S_IMODE(data.stat().st_mode) | stat.S_IXOTH)  # pass through, not look around
    return data


def found(data: Path) -> Path:
    """Where the servers of DATA_DIR live by now; nothing is made or changed."""
    note = data / NOTE
    if not note.exists():
        return data
    folder = Path(note.read_text(encoding="utf-8").strip())
    if not folder.is_dir():
        raise ServiceError(
            f"{note} names {folder}, which is gone: bring it back, or remove the note to begin anew."
        )
    return folder


def _away(note: Path) -> Path:
    AWAY.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=AWAY))
    folder.chmod(0o711)
    places.write_private(note, f"{folder}\n")
    return folder


def sockets(home: Home) -> Path:
    """A private folder with a short path for sockets; the same for all who share the servers."""
    note = home.data / "sockets-are-in"
    if note.exists():
        folder = Path(note.read_text(encoding="utf-8").strip())
        if _is_private(folder, home.owner):
            return folder
    folder = Path(tempfile.mkdtemp(prefix="mailhelper-", dir=SOCKETS))
    home.give(folder)
    places.write_private(note, f"{folder}\n")
    return folder


def forget_sockets(home: Home) -> None:
    """Remove that folder: nobody uses the servers any more."""
    note = home.data / "sockets-are-in"
    if note.exists():
        folder = Path(note.read_text(encoding="utf-8").strip())
        if _is_private(folder, home.owner):
            shutil.rmtree(folder)
        note.unlink()


def _is_private(folder: Path, owner: Owner | None) -> bool:
    """The place is everybody's: a folder there is ours only with our uid and mode 0700, and no link."""
    try:
        about = folder.lstat()
    except FileNotFoundError:
        return False
    uid = owner.uid if owner else os.geteuid()
    return stat.S_ISDIR(about.st_mode) and stat.S_IMODE(about.st_mode) == 0o700 and about.st_uid == uid


def programs(home: Home, source: Path, parts: tuple[str, ...]) -> Path:
    """The folder that holds `parts` of the package `source`, readable by the servers' user.

    It is the package's own parent, or a copy beside the servers where that is closed to their user.
    """
    if home.owner is None or _readable(source, parts, home.owner):
        return source.parent
    about = source.stat()
    copy = home.servers / f"programs-{source.name}-{about.st_mtime_ns:x}"
    if not copy.exists():
        _copy(source.parent, parts, copy)
    return copy


def _readable(source: Path, parts: tuple[str, ...], owner: Owner) -> bool:
    """Whether `owner` can read all that is in `parts` (an umask of 077 makes closed packages)."""
    folders = [source.parent / part for part in parts if (source.parent / part).exists()]
    return owner.may_enter(source) and all(owner.may_read_all(folder) for folder in folders)


def _copy(source: Path, parts: tuple[str, ...], target: Path) -> None:
    fresh = target.with_name(f"{target.name}.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for part in parts:
        if (source / part).exists():
            shutil.copytree(source / part, fresh / part)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    fresh.replace(target)
