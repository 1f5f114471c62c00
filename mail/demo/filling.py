"""Fills the demo mailbox on disk: a Maildir++ tree with pymap's UID lists, made whole and then switched to.

Each filling is a folder of its own, `mail-TIME`. `stamp.json` names the one in use and is replaced in one
step: whatever dies before that leaves the old mailbox in use, and the next start clears the remains away.
A refill keeps each folder's UIDVALIDITY and goes on counting UIDs, so that no UID ever means two mails.
"""

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pymap.backend.maildir.flags import MaildirFlags
from pymap.backend.maildir.layout import MaildirLayout
from pymap.backend.maildir.mailbox import Maildir
from pymap.backend.maildir.subscriptions import Subscriptions
from pymap.backend.maildir.uidlist import Record, UidList
from pymap.parsing.specials import ObjectId

from mail.demo.letters import Letter, letters

ZONE = ZoneInfo("Europe/Zurich")
FRESH_FOR = timedelta(days=7)
LAYOUT, DELIMITER = "++", "/"
_KEYWORDS = "0 $Junk\n"  # letter "a" in file names


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which filling is in use, and when it was made (aware)."""

    home: str
    filled_at: datetime


def ensure_filled(directory: Path, now: datetime) -> Path:
    """The mailbox folder in use, filled if there was none or it is older than seven days."""
    stamp = read_stamp(directory)
    if stamp is None or abs(now - stamp.filled_at) > FRESH_FOR:
        stamp = _fill(directory, now, stamp)
    _clear(directory, keep=stamp.home)
    return directory / stamp.home


def read_stamp(directory: Path) -> Stamp | None:
    """The stamp of the filling in use; None if there is none that can be used."""
    try:
        found = json.loads((directory / "stamp.json").read_text(encoding="ascii"))
        stamp = Stamp(found["home"], datetime.fromisoformat(found["filled_at"]))
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return stamp if (directory / stamp.home / "cur").is_dir() else None


def _fill(directory: Path, now: datetime, old: Stamp | None) -> Stamp:
    stamp = Stamp(f"mail-{now:%Y%m%dT%H%M%S%f}", now)
    home = directory / stamp.home
    shutil.rmtree(home, ignore_errors=True)
    _write_mailbox(home, letters(now, ZONE), _Count(now, directory / old.home if old else None))
    _write_stamp(directory, stamp)
    return stamp


def _write_stamp(directory: Path, stamp: Stamp) -> None:
    draft = directory / "stamp.json.new"
    with open(draft, "w", encoding="ascii") as file:
        json.dump({"home": stamp.home, "filled_at": stamp.filled_at.isoformat()}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, directory / "stamp.json")


@dataclass(frozen=True, slots=True)
class _Count:
    """Where the UIDs of a new filling begin."""

    now: datetime
    old: Path | None  # the mailbox that it replaces

    def uid_list(self, layout: MaildirLayout[Maildir], name: str) -> UidList:
        """An empty list that goes on where the old mailbox stopped."""
        path = layout.get_path(name, DELIMITER)
        if self.old is not None:
            before = MaildirLayout.get(str(self.old), LAYOUT, Maildir).get_path(name, DELIMITER)
            if UidList.file_exists(before):
                known = UidList.file_open(before)
                return UidList(path, known.uid_validity, known.next_uid, known.global_uid)
        return UidList(path, int(self.now.timestamp()), 1)


def _write_mailbox(home: Path, mails: Iterable[Letter], count: _Count) -> None:
    by_folder: dict[str, list[Letter]] = defaultdict(list)
    for letter in mails:
        by_folder[letter.folder].append(letter)
    Maildir(str(home), create=True)
    layout = MaildirLayout.get(str(home), LAYOUT, Maildir)
    subscribed = Subscriptions(str(home))
    for name, found in by_folder.items():
        if name != "INBOX":
            layout.add_folder(name, DELIMITER)
            subscribed.add(name)
        _write_folder(layout.get_path(name, DELIMITER), found, count.uid_list(layout, name))
    subscribed.file_write()


def _write_folder(path: str, found: Sequence[Letter], uids: UidList) -> None:
    Path(MaildirFlags.get_file(path)).write_text(_KEYWORDS, encoding="ascii")
    flags = MaildirFlags.file_read(path)
    for letter in sorted(found, key=lambda letter: letter.received_at):
        codes = "".join(sorted(flags.to_maildir(flag.encode() for flag in letter.flags)))
        when = letter.received_at.timestamp()
        name = f"{when:.0f}.{uids.next_uid}.demo:2,{codes}"
        file = Path(path, "cur", name)
        file.write_bytes(letter.raw)
        os.utime(file, (when, when))
        ids = {"E": str(ObjectId.random_email_id()), "T": str(ObjectId.random_thread_id())}
        uids.set(Record(uids.next_uid, ids, name))
        uids.next_uid += 1
    uids.file_write()


def _clear(directory: Path, keep: str) -> None:
    """Removes other fillings and what a killed server left behind."""
    for path in directory.glob("mail-*"):
        if path.name != keep:
            shutil.rmtree(path)
    for path in _left_locks(directory):
        with suppress(FileNotFoundError):
            path.unlink()


def _left_locks(directory: Path) -> Iterator[Path]:
    yield from directory.glob("*.lock")
    yield from directory.glob("mail-*/**/*.lock")
    yield from directory.glob("tmp/*")
