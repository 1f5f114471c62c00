"""Look at one folder: what is new there, what is gone, whose flags moved. Nothing is fetched yet."""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.utils import timezone

from accounts.models import MailAccount
from accounts.ownership import acting_as
from mail import gone, runs
from mail.imap.plan import (
    FolderState,
    Mark,
    Selected,
    brake,
    changed_flags,
    complete,
    plan,
    same_mails,
    unchanged,
    windows,
)
from mail.imap.session import Session
from mail.lease import Lease
from mail.models import Email, Folder, SyncRun

#: Our columns and the system flags of RFC 3501 §2.3.2.
FLAGS = {
    "seen": "\\Seen",
    "flagged": "\\Flagged",
    "answered": "\\Answered",
    "draft": "\\Draft",
    "deleted": "\\Deleted",
}

_REFLAG = """
    UPDATE mail_email SET seen = %s, flagged = %s, answered = %s, draft = %s, deleted = %s WHERE id = %s
"""


@dataclass(slots=True)
class Found:
    """A folder that was opened. `fetch`: UIDs, newest first.

    `earlier`: unknown UIDs of mail that came before the reader's date; it is not fetched. `whole`: the
    listing was complete and is believed. `doubtful`: ids of so many of its `live` mails that were not listed,
    that the reader must be asked; they may have moved.
    """

    folder: Folder
    selected: Selected
    fetch: tuple[int, ...] = ()
    whole: bool = True
    doubtful: tuple[int, ...] = ()
    live: int = 0
    unchanged: bool = False
    earlier: tuple[int, ...] = ()


@dataclass(slots=True)
class Known:
    """Our rows of one generation: ids and flags by UID; `marked` are the ids of those not listed of late."""

    ids: dict[int, int] = field(default_factory=dict)
    flags: dict[int, frozenset[str]] = field(default_factory=dict)
    marked: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scanner:
    """What scanning the folders of one account needs. `thorough`: no mark is believed."""

    account: MailAccount
    session: Session
    run: SyncRun
    lease: Lease
    thorough: bool = False

    def scan(self, folder: Folder, raw_name: bytes) -> Found:
        """Open the folder and compare. An unchanged one costs one round trip and no row. Raises SyncError."""
        selected = self.session.examine(raw_name)
        mark = mark_of(folder)
        if unchanged(mark, selected) and not self.thorough:
            return Found(folder, selected, unchanged=True)
        if folder.uidvalidity != selected.uidvalidity:
            gone.mark_generation(folder, selected.uidvalidity, self.lease)
        found = Found(folder, selected)
        if self.thorough or not same_mails(mark, selected):
            self._list(found)
        self._reflag(folder, selected)
        self._looked(folder, selected, whole=found.whole and not found.fetch)
        return found

    def pass_over(self, unchanged: Sequence[Folder]) -> None:
        """Note that these were looked at: one commit for all, where most syncs find nothing new."""
        if not unchanged:
            return
        with acting_as(self.account.owner_id):
            self.lease.hold()
            mine = Folder.objects.for_user(self.account.owner_id)
            mine.filter(pk__in=[folder.pk for folder in unchanged]).update(synced_at=timezone.now())

    def finish(self, found: Found) -> None:
        """Every mail of the folder is here: an unchanged one may be passed over from now on."""
        self._finish(found.folder, found.selected)

    def _list(self, found: Found) -> None:
        """What to fetch and what has vanished, in windows, newest first."""
        selected, folder = found.selected, found.folder
        fetch: list[int] = []
        earlier: list[int] = []
        vanished: list[int] = []
        again: list[int] = []
        listed = live = 0
        for low, high in windows(selected.uidnext, selected.exists):
            uids = self.session.uids(low, high)
            known = rows(folder, selected.uidvalidity, low, high)
            ours = FolderState(selected.uidvalidity, known.ids.keys())
            todo = plan(ours, FolderState(selected.uidvalidity, frozenset(uids)))
            new = [uid for uid in todo.fetch if uid not in known.marked]
            wanted = frozenset(self._in_time(new))
            fetch += [uid for uid in new if uid in wanted]
            earlier += [uid for uid in new if uid not in wanted]
            again += [known.marked[uid] for uid in todo.fetch if uid in known.marked]
            vanished += [known.ids[uid] for uid in todo.vanished]
            listed, live = listed + len(uids), live + len(known.ids)
        found.fetch, found.earlier = tuple(fetch), tuple(earlier)
        gone.seen_again(folder, again, self.lease)
        found.live, found.whole = live, complete(listed, self.session.exists)
        if vanished and found.whole:
            self._miss(found, vanished)

    def _in_time(self, uids: Sequence[int]) -> Collection[int]:
        """Those that came on the reader's date or later."""
        since = self.account.since
        return self.session.came_since(since, uids) if since else uids

    def _miss(self, found: Found, vanished: Sequence[int]) -> None:
        much = brake(len(vanished), found.live)
        word = gone.word(self.account) if much else None
        if much and word is None:
            found.whole, found.doubtful = False, tuple(vanished)
        else:
            gone.mark(found.folder, vanished, self.run, self.lease, at=word)

    def _reflag(self, folder: Folder, selected: Selected) -> None:
        """Take over flags that moved: those since the mark where the server counts, else all, in windows."""
        since = folder.highestmodseq if folder.uidvalidity == selected.uidvalidity else None
        now = selected.highestmodseq
        if now is None or (since is not None and now < since):
            since = None  # not counted, or counted anew
        elif now == since:
            return
        for low, high in windows(selected.uidnext, selected.exists):
            known = rows(folder, selected.uidvalidity, low, high)
            if known.ids:
                self._reflag_window(folder, known, self.session.flags(low, high, since))

    def _reflag_window(self, folder: Folder, known: Known, seen: Mapping[int, frozenset[str]]) -> None:
        ours = FolderState(0, known.ids.keys(), known.flags)
        theirs = FolderState(0, frozenset(), {uid: flags & _OURS for uid, flags in seen.items()})
        moved = {known.ids[uid]: flags for uid, flags in changed_flags(ours, theirs).items()}
        if not moved:
            return
        with acting_as(folder.owner_id), connection.cursor() as cursor:
            self.lease.hold()
            cursor.executemany(_REFLAG, [(*columns(flags).values(), pk) for pk, flags in moved.items()])
            runs.count(self.run, changed=len(moved))

    def _looked(self, folder: Folder, selected: Selected, *, whole: bool) -> None:
        """The flags here are as the server counted them; the mark is whole only where every mail is here."""
        if whole:
            self._finish(folder, selected)
            return
        folder.uidvalidity, folder.highestmodseq = selected.uidvalidity, selected.highestmodseq
        folder.uidnext = folder.exists = None
        self._save(folder)

    def _finish(self, folder: Folder, selected: Selected) -> None:
        folder.uidvalidity, folder.uidnext = selected.uidvalidity, selected.uidnext
        folder.exists, folder.highestmodseq = selected.exists, selected.highestmodseq
        folder.synced_at = timezone.now()
        self._save(folder)

    def _save(self, folder: Folder) -> None:
        with acting_as(folder.owner_id):
            self.lease.hold()
            folder.save(update_fields=["uidvalidity", "uidnext", "exists", "highestmodseq", "synced_at"])


def mark_of(folder: Folder) -> Mark | None:
    """What the server said when the folder was last whole, or None."""
    if folder.uidvalidity is None or folder.uidnext is None or folder.exists is None:
        return None
    return Mark(folder.uidvalidity, folder.uidnext, folder.exists, folder.highestmodseq)


def rows(folder: Folder, uidvalidity: int, low: int, high: int) -> Known:
    """Our rows of a window of UIDs."""
    known = Known()
    with acting_as(folder.owner_id):
        mine = Email.objects.for_user(folder.owner_id).filter(folder=folder, uidvalidity=uidvalidity)
        window = mine.filter(uid__range=(low, high))
        found = list(window.values_list("uid", "pk", "missing_since", *FLAGS))
    for uid, pk, missing, *flags in found:
        if missing is not None:
            known.marked[uid] = pk
            continue
        known.ids[uid] = pk
        known.flags[uid] = _named(*flags)
    return known


@functools.cache
def _named(*on: bool) -> frozenset[str]:
    """The flags of a mail with these columns: 32 sets for however many mails."""
    return frozenset(name for name, set_ in zip(FLAGS.values(), on, strict=True) if set_)


def columns(flags: frozenset[str]) -> dict[str, bool]:
    """Our columns of a mail with these flags."""
    return {column: name in flags for column, name in FLAGS.items()}


_OURS = frozenset(FLAGS.values())
