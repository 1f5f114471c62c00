"""An export brought in: read from the upload as it comes, sealed, and stored as a sync stores mail.

Nothing readable is kept anywhere; what is held at once is one batch of mails. What was stored when something
goes wrong stays, whole; bringing the same export in again adds only what is missing.
"""

import time
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.conf import settings

from accounts import mailboxes, transfers
from accounts.ids import draw_ids
from accounts.keyring import Vault
from accounts.mailboxes import ELSEWHERE
from accounts.models import Transfer
from accounts.ownership import acting_as
from mail.imap.session import Fetched
from mail.lease import Lease
from mail.models import Email, SyncRun
from mail.storage import Store
from mail.sync import reader_of
from mailhelper.leaving.bringing import Brought, Place, bring
from mailhelper.leaving.description import LARGEST, read_description
from mailhelper.leaving.mbox import Entry, NoMbox, Splitter
from mailhelper.leaving.opened import OpenVault
from mailhelper.leaving.records import LONGEST, Record, read_record
from mailhelper.leaving.unzipping import BadArchive, Begins, Ends, Unzipper
from tags.models import EmailTag

_AT_ONCE = 100
_BYTES_AT_ONCE = 2_000_000
_TOLD_EVERY = 2.0  # seconds


@dataclass(slots=True)
class Counts:
    """What came of it: mails that are new here, that were here, that are too large to be kept."""

    stored: int = 0
    known: int = 0
    too_large: int = 0


@dataclass(frozen=True, slots=True)
class _ByTransfer(Lease):
    """In place of a sync's lease: no batch is stored by an import that was overtaken."""

    work: Transfer
    done: list[int]

    def hold(self) -> None:
        """Raises TransferLost."""
        transfers.move_on(self.work, self.done[0])


class _Target(Protocol):
    """Who takes the bytes of a member."""

    def take(self, piece: bytes) -> None: ...

    def end(self) -> None: ...


class Import:
    """One that is under way: `feed` it the upload's bytes, then `end`.

    All raise BadArchive, and stop where the vault was shut (VaultShut) or the work taken over (TransferLost).
    """

    def __init__(self, work: Transfer, opened: OpenVault) -> None:
        self.work, self.opened, self.counts = work, opened, Counts()
        self.brought: Brought | None = None
        self.bytes_in = [0]
        self.highest = 0  # mail above this id came by this import
        self.ids: dict[str, array[int]] = {}
        self._archive = Unzipper()
        self._target: _Target | None = None
        self._told = time.monotonic()

    def feed(self, piece: bytes) -> None:
        """The next bytes of the archive."""
        self.bytes_in[0] += len(piece)
        try:
            for event in self._archive.feed(piece):
                self._handle(event)
        except NoMbox:
            raise BadArchive("damaged") from None
        if time.monotonic() - self._told > _TOLD_EVERY:
            self.vault()
            transfers.move_on(self.work, self.bytes_in[0])
            self._told = time.monotonic()

    def end(self) -> None:
        """No more come."""
        self._archive.end()
        if self.brought is None:
            raise BadArchive("no-archive")
        if self.ids:  # packed anew in another order: these mails' lines did not come behind them
            raise BadArchive("damaged")

    def close(self) -> None:
        """Whatever happened: accounts that rested go on."""
        for row in self.brought.paused if self.brought else ():
            mailboxes.go_on(row)

    def vault(self) -> Vault:
        """The vault, if it is still open."""
        with acting_as(self.opened.owner):
            return self.opened.still()

    def describe(self, text: bytes) -> None:
        """data.json is here."""
        if self.brought is not None:
            raise BadArchive("damaged")
        try:
            told = read_description(text)
        except ValueError:
            raise BadArchive("no-archive") from None
        self.highest = draw_ids(Email)[0]
        self.brought = bring(self.vault(), told)

    def _handle(self, event: Begins | Ends | bytes) -> None:
        if isinstance(event, Begins):
            self._target = self._target_of(event.name.partition("/")[2])
        elif isinstance(event, Ends):
            if self._target:
                self._target.end()
            self._target = None
        elif self._target:
            self._target.take(event)

    def _target_of(self, name: str) -> _Target | None:
        """None for what is passed over. Names only choose among what data.json told."""
        if name == "data.json":
            return _Description(self)
        path, _, ending = name.rpartition(".")
        place = self.brought.places.get(path) if self.brought else None
        if self.brought is None and ending in ("mbox", "jsonl"):
            raise BadArchive("no-archive")
        if place and ending == "mbox" and path not in self.ids:
            return _Mails(self, place, path)
        return _Records(self, self.ids.pop(path)) if ending == "jsonl" and path in self.ids else None


@dataclass(slots=True)
class _Description:
    """data.json."""

    whole: Import
    held: bytearray = field(default_factory=bytearray)

    def take(self, piece: bytes) -> None:
        self.held += piece
        if len(self.held) > LARGEST:
            raise BadArchive("damaged")

    def end(self) -> None:
        self.whole.describe(bytes(self.held))


class _Mails:
    """An mbox, stored batch by batch. Notes the ids of mails that wait for their record, in order, else 0."""

    def __init__(self, whole: Import, place: Place, path: str) -> None:
        self._whole, self._place = whole, place
        self._splitter = Splitter(settings.MAIL_MAX_BYTES)
        self._held: list[Entry] = []
        self._size = 0
        self._ids = whole.ids[path] = array("q")
        # What was here before and is not matched yet: the ids of rows that wait for their record, else 0.
        self._there: dict[bytes, list[int]] = {}

    def take(self, piece: bytes) -> None:
        self._add(self._splitter.feed(piece))

    def end(self) -> None:
        self._add(self._splitter.end())
        self._store()

    def _add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._held.append(entry)
            self._size += len(entry.raw or b"")
            if len(self._held) >= _AT_ONCE or self._size >= _BYTES_AT_ONCE:
                self._store()

    def _store(self) -> None:
        if not self._held:
            return
        batch, self._held, self._size = self._held, [], 0
        vault = self._whole.vault()
        ids = self._known(vault, batch)
        new = [at for at in range(len(batch)) if at not in ids and batch[at].raw is not None]
        uids = [-number for number in draw_ids(Email, len(new))] if new else []
        if new:
            self._store_of(vault).store(self._place.folder, ELSEWHERE, _fetched(batch, new, uids))
        by_uid = self._rows(uids)
        ids |= {at: by_uid.get(uid, 0) for uid, at in zip(uids, new, strict=True)}
        self._ids.extend(ids.get(at, 0) for at in range(len(batch)))
        self._count(batch, len(new))

    def _known(self, vault: Vault, batch: Sequence[Entry]) -> dict[int, int]:
        """Which of the batch are in the folder: a mail that is there twice is matched twice."""
        keys = [vault.keyed("raw", entry.raw) if entry.raw is not None else b"" for entry in batch]
        self._ask(set(keys) - self._there.keys())
        return {at: self._there[key].pop() for at, key in enumerate(keys) if self._there.get(key)}

    def _ask(self, keys: set[bytes]) -> None:
        owner, place = self._whole.opened.owner, self._place
        with acting_as(owner):
            mine = Email.objects.for_user(owner).filter(account=place.account, folder=place.folder)
            there = mine.filter(raw_key__in=keys, pk__lt=self._whole.highest).order_by("-pk")
            for key, pk, uid in there.values_list("raw_key", "pk", "uid"):
                self._there.setdefault(bytes(key), []).append(pk if uid < 0 else 0)

    def _store_of(self, vault: Vault) -> Store:
        owner, account = self._whole.opened.owner, self._place.account
        lease = _ByTransfer(account.pk, owner, 0, self._whole.work, self._whole.bytes_in)
        # Its run is in no table: nobody watches it.
        run = SyncRun(owner_id=owner, account=account)
        return Store(account, vault, reader_of(account, vault), run, lease, {})

    def _rows(self, uids: Sequence[int]) -> dict[int, int]:
        with acting_as(self._whole.opened.owner):
            mine = Email.objects.for_user(self._whole.opened.owner).filter(folder=self._place.folder)
            return dict(mine.filter(uidvalidity=ELSEWHERE, uid__in=uids).values_list("uid", "pk"))

    def _count(self, batch: Sequence[Entry], new: int) -> None:
        too_large = sum(entry.raw is None for entry in batch)
        self._whole.counts.stored += new
        self._whole.counts.too_large += too_large
        self._whole.counts.known += len(batch) - new - too_large


def _fetched(batch: Sequence[Entry], new: Sequence[int], uids: Sequence[int]) -> list[Fetched]:
    """These of the batch as a server would have given them.

    A number below 0 says that the mail waits for its record: should that never come, because the upload broke
    off, it is taken from the next one.
    """
    pairs = [(uid, batch[at]) for uid, at in zip(uids, new, strict=True)]
    return [Fetched(uid, entry.raw, frozenset(), entry.at, len(entry.raw or b"")) for uid, entry in pairs]


class _Records:
    """What is said of the mails of an mbox that has just been read, line by line."""

    def __init__(self, whole: Import, ids: "array[int]") -> None:
        self._whole, self._ids = whole, ids
        self._held = b""
        self._next = 0
        self._batch: list[tuple[int, Record]] = []

    def take(self, piece: bytes) -> None:
        *lines, self._held = (self._held + piece).split(b"\n")
        if len(self._held) > LONGEST:
            raise BadArchive("damaged")
        for line in lines:
            self._line(line)

    def end(self) -> None:
        if self._held:
            raise BadArchive("damaged")
        self._store()

    def _line(self, line: bytes) -> None:
        try:
            record = read_record(line)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BadArchive("damaged") from None
        if not record.in_mbox:
            return
        if self._next >= len(self._ids):
            raise BadArchive("damaged")
        self._batch.append((self._ids[self._next], record))
        self._next += 1
        if len(self._batch) >= _AT_ONCE:
            self._store()

    def _store(self) -> None:
        """Rows that were here before the import stay as they are."""
        batch, self._batch = [(pk, record) for pk, record in self._batch if pk], []
        brought = self._whole.brought
        if not batch or brought is None:
            return
        self._whole.vault()
        owner = self._whole.opened.owner
        with acting_as(owner):
            transfers.move_on(self._whole.work, self._whole.bytes_in[0])
            mine = Email.objects.for_user(owner)
            waiting = mine.filter(pk__in=[pk for pk, _ in batch], uidvalidity=ELSEWHERE, uid__lt=0)
            there = set(waiting.values_list("pk", flat=True))
            tagged = []
            for pk, record in batch:
                if record.columns and pk in there:
                    mine.filter(pk=pk).update(**record.columns, uid=pk)
                    tags = [brought.tags[number] for number in record.tags if number in brought.tags]
                    tagged += [EmailTag(owner_id=owner, email_id=pk, tag_id=tag) for tag in tags]
            EmailTag.objects.for_user(owner).bulk_create(tagged, ignore_conflicts=True)
