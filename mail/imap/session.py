"""One logged-in connection, seen as the few questions that a sync asks. Nothing here changes the mailbox.

Folders are opened with EXAMINE and mail is read with BODY.PEEK, so no flag moves. Answers are keyed by UID
alone: what the server says unasked, or by sequence number, never lands on another mail. Where the answer to
a batch cannot be read, it is halved until the one mail is found that is to blame.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from types import TracebackType
from typing import Self

from accounts.connections import Client, close, judge
from accounts.wire import Answer, Limits, Literal, UnsafeArgument, WireError, quoted
from mail.imap.errors import SyncError
from mail.imap.folders import ListedFolder, parse_list
from mail.imap.plan import Selected, batches
from mail.imap.responses import (
    FetchItems,
    is_fetch,
    read_date,
    read_esearch,
    read_fetch,
    read_flags,
    read_search,
    sequence_sets,
    write_day,
)

LISTING_BYTES = 32_000_000  # LIST, SEARCH and FETCH of flags
HEADER_BYTES = 2_000_000
SLACK = 1_000_000  # a server's RFC822.SIZE may be an estimate
MAX_HALVINGS = 200
SIZES_AT_ONCE = 2000
WIDEST_ZONE = timedelta(hours=14)  # SINCE goes by the day of INTERNALDATE in its own zone
BODY, HEADER = b"BODY.PEEK[]", b"BODY.PEEK[HEADER]"

_NUMBER_CODE = re.compile(rb"\* OK \[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d{1,19})\]", re.IGNORECASE)
_EXISTS = re.compile(rb"\* (\d{1,10}) EXISTS\b", re.IGNORECASE)
_EXPUNGE = re.compile(rb"\* \d{1,10} EXPUNGE\b", re.IGNORECASE)
_GONE = re.compile(rb"\[(?:NONEXISTENT|TRYCREATE)\]|exist|not found|unknown mailbox|no such", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """Size in bytes (RFC822.SIZE, an estimate with some servers) and INTERNALDATE, UTC, if readable."""

    uid: int
    size: int
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail.

    `complete` False: too large, `raw` is its header only. `unreadable`: the server's answer for this mail
    makes no sense, `raw` is None; try again another time. `received_at` is None where INTERNALDATE is missing
    or nonsense, else UTC. `size` is RFC822.SIZE in bytes.
    """

    uid: int
    raw: bytes | None = field(repr=False)
    flags: frozenset[str]
    received_at: datetime | None
    size: int
    complete: bool = True
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class _Batch:
    """Mails to fetch at once: `small` whole, of `small_bytes` together, `large` by their headers."""

    uids: list[int]
    small: list[int]
    large: frozenset[int]
    small_bytes: int

    def first_question(self) -> tuple[bytes, ...] | None:
        """The first command that fetching it will take."""
        first = next(sequence_sets(self.small), None)
        return _question(first[0], BODY) if first else None


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A question that was sent before its answer is wanted."""

    question: tuple[bytes, ...]
    tag: bytes
    limits: Limits


class Session:
    """All methods but `logout` raise SyncError. Use as a context manager: it logs out.

    `exists` is the number of mails in the open folder, as the server last said.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.exists = 0
        self._ahead: _Ahead | None = None
        self._listing = replace(client.wire.limits, line_bytes=LISTING_BYTES, answer_bytes=LISTING_BYTES)
        self._condstore = "CONDSTORE" in client.offered
        self._esearch = "ESEARCH" in client.offered
        if self._condstore and "ENABLE" in client.offered:
            self._ask(b"ENABLE CONDSTORE")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.logout()

    def list_folders(self) -> list[ListedFolder]:
        """All folders. An empty list is the server's answer, not proof that nothing is there."""
        answer = None
        if {"SPECIAL-USE", "LIST-EXTENDED"} <= self.client.offered:
            answer = self._ask(b'LIST "" "*" RETURN (SPECIAL-USE)')
        if answer is None or not answer.ok:
            answer = self._ask(b'LIST "" "*"')
        if not answer.ok:
            raise SyncError("protocol")
        return parse_list(answer.responses)

    def examine(self, raw_name: bytes) -> Selected:
        """Open a folder read-only: one round trip. A folder that is not there is "folder-gone"."""
        name = quoted(raw_name)
        answer = self._ask(b"EXAMINE", name, b"(CONDSTORE)" if self._condstore else b"")
        if answer.status == "BAD" and self._condstore:
            self._condstore = False
            answer = self._ask(b"EXAMINE", name)
        if not answer.ok:
            raise _not_opened(answer)
        return self._selected(answer)

    def uids(self, low: int, high: int) -> list[int]:
        """The UIDs from `low` to `high`, ascending: a complete listing, or an error."""
        for question in (self._by_esearch, self._by_search, self._by_fetch):
            found = question(low, high)
            if found is not None:
                return found
        raise SyncError("protocol")

    def came_since(self, day: date, uids: Collection[int]) -> frozenset[int]:
        """Which of `uids` came to the mailbox on that day or later (INTERNALDATE), or may have."""
        if not uids:
            return frozenset()
        low, high = min(uids), max(uids)
        question = b"UID SEARCH UID %d:%d SINCE %b" % (low, high, write_day(day))
        answer = self._ask(question, limits=self._listing)
        found = read_search(answer.responses, low, high) if answer.ok else None
        if found is not None:
            return frozenset(uids).intersection(found)
        heads, start = self.heads(uids), datetime.combine(day, time.min, UTC) - WIDEST_ZONE
        early = {uid for uid, head in heads.items() if head.received_at and head.received_at < start}
        return frozenset(uids) - early

    def flags(self, low: int, high: int, changed_since: int | None = None) -> dict[int, frozenset[str]]:
        """Flags by UID, of all mails or of those changed since a HIGHESTMODSEQ."""
        parts = [b"UID FETCH %d:%d (UID FLAGS)" % (low, high)]
        if changed_since is not None and self._condstore:
            parts.append(b"(CHANGEDSINCE %d)" % changed_since)
        answer = self._ask(*parts, limits=self._listing)
        if not answer.ok:
            raise SyncError("protocol")
        items, _ = _by_uid(answer)
        return {
            uid: read_flags(item.flags)
            for uid, item in items.items()
            if item.flags is not None and low <= uid <= high
        }

    def heads(self, uids: Collection[int]) -> dict[int, Head]:
        """Sizes and dates by UID; a mail that is gone is absent."""
        return self._heads(uids, b"(UID RFC822.SIZE INTERNALDATE)")[0]

    def fetch(self, uids: Collection[int], max_bytes: int) -> list[Fetched]:
        """The mails `uids` at once. All are held in memory: see `stream`."""
        return [mail for batch in self.stream(uids, max_bytes) for mail in batch]

    def stream(self, uids: Collection[int], max_bytes: int) -> Iterator[list[Fetched]]:
        """The mails `uids` in their order, in batches of at most 500 mails and about 16 MB.

        A mail larger than `max_bytes` comes as its header; one that is gone is absent. While a batch is in
        the caller's hands the server already works on the next. May be left before its end at any time.
        """
        coming = self._batches(uids, max_bytes)
        batch = next(coming, None)
        while batch is not None:
            found = self._read_batch(batch, max_bytes)
            following = next(coming, None)
            if following is not None and (question := following.first_question()):
                self._ask_ahead(question, self._room_for(following, max_bytes))
            yield found
            batch = following

    def logout(self) -> None:
        """Say goodbye and close. Raises nothing."""
        if self._ahead:
            self.client.wire.shutdown()  # rather than read mail that nobody wants any more
        else:
            close(self.client)

    def _batches(self, uids: Collection[int], max_bytes: int) -> Iterator["_Batch"]:
        """Cut `uids` into batches by the sizes that the server tells, asked for only as they are needed."""
        ordered = list(uids)
        for start in range(0, len(ordered), SIZES_AT_ONCE):
            chunk = ordered[start : start + SIZES_AT_ONCE]
            heads, clean = self._heads(chunk, b"(UID RFC822.SIZE)")
            wanted = [uid for uid in chunk if uid in heads or not clean]
            sizes = {uid: _room(heads.get(uid), max_bytes) for uid in wanted}
            for batch in batches(wanted, sizes):
                large = frozenset(uid for uid in batch if uid in heads and heads[uid].size > max_bytes)
                small = [uid for uid in batch if uid not in large]
                yield _Batch(batch, small, large, sum(sizes[uid] for uid in small))

    def _read_batch(self, batch: "_Batch", max_bytes: int) -> list[Fetched]:
        found = self._read(batch.small, BODY, self._room_for(batch, max_bytes))
        for uid in batch.large:
            found |= self._read([uid], HEADER, self._wider(HEADER_BYTES, HEADER_BYTES + SLACK))
        return [_fetched(uid, found[uid], uid not in batch.large) for uid in batch.uids if uid in found]

    def _room_for(self, batch: "_Batch", max_bytes: int) -> Limits:
        return self._wider(max_bytes + SLACK, batch.small_bytes * 5 // 4 + SLACK)

    def _wider(self, literal_bytes: int, answer_bytes: int) -> Limits:
        return replace(self.client.wire.limits, literal_bytes=literal_bytes, answer_bytes=answer_bytes)

    def _ask_ahead(self, question: tuple[bytes, ...], limits: Limits) -> None:
        """Send a question now whose answer will be wanted next."""
        try:
            self._ahead = _Ahead(question, self.client.wire.post(*question), limits)
        except WireError as error:
            raise _lost(error, ()) from None

    def _answer(self, question: tuple[bytes, ...], limits: Limits | None) -> Answer:
        ahead, self._ahead = self._ahead, None
        if ahead:
            answer = self.client.wire.gather(ahead.tag, ahead.limits)
            if ahead.question == question:
                return answer
        return self.client.ask(*question, limits=limits)

    def _ask(self, *parts: bytes, uids: Collection[int] = (), limits: Limits | None = None) -> Answer:
        """One command. A server that has no time for us raises; other refusals are the caller's to judge."""
        question = tuple(part for part in parts if part or isinstance(part, Literal))
        try:
            answer = self._answer(question, limits)
        except WireError as error:
            raise _lost(error, uids) from None
        except UnsafeArgument:
            raise SyncError("refused", transient=False) from None
        for pieces in answer.responses:
            self._take_note(pieces[0])
        if not answer.ok:
            refusal = judge(answer.text)
            if refusal.kind in ("busy", "throttled"):
                code = "throttled" if refusal.kind == "throttled" else "server-busy"
                raise SyncError(code, retry_after=refusal.retry_after)
        return answer

    def _take_note(self, line: bytes) -> None:
        """Keep count of the folder's mails: the server may tell of changes with any answer."""
        if line.endswith(b"S") or line.endswith(b"s"):
            if exists := _EXISTS.match(line):
                self.exists = int(exists[1])
        elif line.endswith(b"E") and _EXPUNGE.match(line):
            self.exists = max(0, self.exists - 1)

    def _selected(self, answer: Answer) -> Selected:
        lines = [pieces[0] for pieces in answer.responses]
        if not any(_EXISTS.match(line) for line in lines):
            raise SyncError("protocol")  # no number is not the number nought
        numbers = {code[1].upper(): int(code[2]) for line in lines if (code := _NUMBER_CODE.match(line))}
        return Selected(
            uidvalidity=numbers.get(b"UIDVALIDITY", 0),
            uidnext=numbers.get(b"UIDNEXT", 0) or self._highest_uid() + 1,
            exists=self.exists,
            highestmodseq=numbers.get(b"HIGHESTMODSEQ") or None,
        )

    def _highest_uid(self) -> int:
        """For servers that do not tell UIDNEXT."""
        if not self.exists:
            return 0
        answer = self._ask(b"UID FETCH * (UID)")
        items, _ = _by_uid(answer)
        if not items:
            raise SyncError("protocol")
        return max(items)

    def _by_esearch(self, low: int, high: int) -> list[int] | None:
        """RFC 4731. COUNT tells whether the listing is whole. None: this server does not do it well."""
        if not self._esearch:
            return None
        answer = self._ask(b"UID SEARCH RETURN (ALL COUNT) UID %d:%d" % (low, high), limits=self._listing)
        found = read_esearch(answer.responses, low, high) if answer.ok else None
        self._esearch = found is not None
        return found

    def _by_search(self, low: int, high: int) -> list[int] | None:
        answer = self._ask(b"UID SEARCH UID %d:%d" % (low, high), limits=self._listing)
        return read_search(answer.responses, low, high) if answer.ok else None

    def _by_fetch(self, low: int, high: int) -> list[int] | None:
        answer = self._ask(b"UID FETCH %d:%d (UID)" % (low, high), limits=self._listing)
        items, clean = _by_uid(answer)
        if not answer.ok or not clean:
            return None
        return sorted(uid for uid in items if low <= uid <= high)

    def _heads(self, uids: Collection[int], wanted: bytes) -> tuple[dict[int, Head], bool]:
        """Heads, and whether every answer could be read: if so, what is absent is gone."""
        found: dict[int, Head] = {}
        all_clean = True
        for text, named in sequence_sets(uids):
            answer = self._ask(b"UID FETCH", text, wanted, uids=named)
            items, clean = _by_uid(answer)
            all_clean = all_clean and clean and answer.ok
            for uid in named:
                if uid in items:
                    found[uid] = Head(uid, items[uid].size or 0, read_date(items[uid].date))
        return found, all_clean

    def _read(self, uids: Collection[int], section: bytes, limits: Limits) -> dict[int, FetchItems]:
        """What the server has of `uids`; an unreadable one has no body, one that is gone is absent."""
        found: dict[int, FetchItems] = {}
        waiting = list(sequence_sets(uids))[::-1]
        halvings = 0
        while waiting:
            text, named = waiting.pop()
            answer = self._ask(*_question(text, section), uids=named, limits=limits)
            items, clean = _by_uid(answer)
            found |= {uid: items[uid] for uid in named if uid in items and items[uid].body is not None}
            missing = [uid for uid in named if uid not in found]
            if not missing or (clean and answer.ok and not any(uid in items for uid in missing)):
                continue
            if len(named) == 1:
                found[named[0]] = FetchItems(uid=named[0])
                continue
            halvings += 1
            if halvings > MAX_HALVINGS:
                raise SyncError("protocol", uids=tuple(missing))
            waiting += _halves(missing)
        return found


def _question(uids: bytes, section: bytes) -> tuple[bytes, ...]:
    return b"UID FETCH", uids, b"(UID FLAGS RFC822.SIZE INTERNALDATE %b)" % section


def _room(head: Head | None, max_bytes: int) -> int:
    """The bytes to reckon with for one mail; one of unknown size may be as large as any."""
    if head is None or not head.size:
        return max_bytes
    return head.size if head.size <= max_bytes else HEADER_BYTES


def _halves(uids: list[int]) -> Iterator[tuple[bytes, list[int]]]:
    middle = len(uids) // 2
    for half in (uids[:middle], uids[middle:]):
        yield from sequence_sets(half)


def _by_uid(answer: Answer) -> tuple[dict[int, FetchItems], bool]:
    """What FETCH responses say, by UID, and whether each could be read. Those without a UID are nobody's."""
    found: dict[int, FetchItems] = {}
    clean = True
    for pieces in answer.responses:
        if not is_fetch(pieces):
            continue
        try:
            items = read_fetch(pieces)
        except ValueError:
            clean = False
            continue
        if items.uid in found:
            found[items.uid].update(items)
        elif items.uid:
            found[items.uid] = items
    return found, clean


def _fetched(uid: int, items: FetchItems, complete: bool) -> Fetched:
    flags, date = read_flags(items.flags or b""), read_date(items.date)
    empty = not items.body and items.size != 0
    if items.body is None or empty:
        return Fetched(uid, None, flags, date, items.size or 0, complete=False, unreadable=True)
    return Fetched(uid, items.body, flags, date, items.size or len(items.body), complete=complete)


def _not_opened(answer: Answer) -> SyncError:
    if answer.status == "BAD":
        return SyncError("protocol")
    return SyncError("folder-gone" if _GONE.search(answer.text) else "folder-refused", transient=False)


def _lost(error: WireError, uids: Iterable[int]) -> SyncError:
    asked = tuple(uids)
    if error.said:
        refusal = judge(error.said)
        if refusal.kind in ("busy", "throttled"):
            code = "throttled" if refusal.kind == "throttled" else "server-busy"
            return SyncError(code, retry_after=refusal.retry_after)
        return SyncError("connection-lost")
    codes = {"server-closed": "connection-lost", "garbled": "protocol"}
    return SyncError(codes.get(error.code, error.code), uids=asked)
