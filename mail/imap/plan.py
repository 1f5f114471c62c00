"""What must happen for the known folder to become the seen one. Pure: the whole sync is tested here.

A folder is looked at in windows of UIDs, newest first. For each window the engine brings what it knows and
what the server says, and `plan` answers with what to fetch, what has vanished and which flags changed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

BATCH_MAILS = 500
BATCH_BYTES = 16 * 1024 * 1024
WINDOW_MAILS = 20_000
BRAKE_SHARE = 0.2
BRAKE_MAILS = 50


@dataclass(frozen=True, slots=True)
class Selected:
    """What opening a folder tells of it (RFC 3501 §6.3.1, RFC 7162 §3.1.2).

    `uidvalidity` is 0 where the server names none; `uidnext` is one above the highest UID;
    `highestmodseq` is None where the folder keeps no modification sequences.
    """

    uidvalidity: int
    uidnext: int
    exists: int
    highestmodseq: int | None = None


Mark = Selected  # what a run saw of a folder that it finished, kept for the next one


@dataclass(frozen=True, slots=True)
class FolderState:
    """One window of a folder, as known here or as seen there: its UIDs, and the flags of some of them."""

    uidvalidity: int
    uids: AbstractSet[int]
    flags: Mapping[int, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """`fetch` is newest first; `vanished` are known UIDs that the server no longer lists.

    `rematch` are all known UIDs of an older UIDVALIDITY: each now names some other mail, or none.
    """

    fetch: tuple[int, ...] = ()
    vanished: frozenset[int] = frozenset()
    reflag: Mapping[int, frozenset[str]] = field(default_factory=dict)
    rematch: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Trace:
    """What a mail is recognised by when its UID has changed. `key` is the caller's own name for it."""

    key: int
    digest: bytes | None  # keyed digest of the raw bytes
    message_id: bytes  # keyed Message-ID; empty where the mail has none
    size: int
    received_at: datetime | None


def unchanged(known: Mark | None, seen: Selected) -> bool:
    """Whether nothing can have happened since `known`: no mail came or went and no flag moved.

    Only modification sequences tell of flags, so without them a folder is never certain to be unchanged.
    """
    return known == seen and seen.highestmodseq is not None and seen.uidvalidity > 0


def same_mails(known: Mark | None, seen: Selected) -> bool:
    """Whether no mail can have come or gone since `known`; flags may have moved."""
    if known is None or seen.uidvalidity == 0:
        return False
    return (known.uidvalidity, known.uidnext, known.exists) == (seen.uidvalidity, seen.uidnext, seen.exists)


def windows(uidnext: int, exists: int, mails: int = WINDOW_MAILS) -> Iterator[tuple[int, int]]:
    """Ranges (low, high) that cover 1 to `uidnext` - 1, newest first, of about `mails` mails each."""
    width = max(mails, mails * uidnext // max(exists, 1))
    high = uidnext - 1
    while high >= 1:
        low = max(1, high - width + 1)
        yield low, high
        high = low - 1


def plan(known: FolderState, seen: FolderState) -> SyncPlan:
    """What one window needs. `seen.uids` must be a complete listing of the window."""
    newest_first = tuple(sorted(seen.uids, reverse=True))
    if known.uidvalidity != seen.uidvalidity:
        # Nothing is forgotten here: only a complete scan of the new generation says what is really gone.
        return SyncPlan(fetch=newest_first, rematch=frozenset(known.uids))
    return SyncPlan(
        fetch=tuple(uid for uid in newest_first if uid not in known.uids),
        vanished=frozenset(known.uids - seen.uids),
        reflag=changed_flags(known, seen),
    )


def changed_flags(known: FolderState, seen: FolderState) -> dict[int, frozenset[str]]:
    """The flags of known mails that the server names and that differ from ours."""
    return {
        uid: flags
        for uid, flags in seen.flags.items()
        if uid in known.uids and known.flags.get(uid, frozenset()) != flags
    }


def batches(
    uids: Sequence[int],
    sizes: Mapping[int, int],
    *,
    max_mails: int = BATCH_MAILS,
    max_bytes: int = BATCH_BYTES,
) -> Iterator[list[int]]:
    """Cut `uids`, in their order, into batches within both limits; a larger mail goes alone.

    `sizes` are bytes; a mail of unknown size counts nothing.
    """
    batch: list[int] = []
    total = 0
    for uid in uids:
        size = sizes.get(uid, 0)
        if batch and (len(batch) >= max_mails or total + size > max_bytes):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += size
    if batch:
        yield batch


def brake(gone: int, total: int) -> bool:
    """Whether so much of a folder is gone that nothing may be dropped before the reader was asked."""
    return gone > BRAKE_MAILS and gone > BRAKE_SHARE * total


def complete(listed: int, exists: int) -> bool:
    """Whether a listing of all windows named as many mails as the server says there are."""
    return listed >= exists


def match_moves(vanished: Collection[Trace], arrived: Collection[Trace]) -> dict[int, int]:
    """Pair vanished with arrived mails, key to key; each occurs once at most.

    First by equal digests (equal bytes in equal number: in the order of their keys), then, one to one only,
    by Message-ID, size and INTERNALDATE together: the sender chooses a Message-ID, so it is never enough.
    """
    pairs = _pair(_by_digest(vanished), _by_digest(arrived), most=None)
    taken = set(pairs.values())
    left = [trace for trace in vanished if trace.key not in pairs]
    new = [trace for trace in arrived if trace.key not in taken]
    return pairs | _pair(_by_envelope(left), _by_envelope(new), most=1)


def _by_digest(traces: Collection[Trace]) -> dict[object, list[int]]:
    groups: dict[object, list[int]] = defaultdict(list)
    for trace in traces:
        if trace.digest:
            groups[trace.digest].append(trace.key)
    return groups


def _by_envelope(traces: Collection[Trace]) -> dict[object, list[int]]:
    groups: dict[object, list[int]] = defaultdict(list)
    for trace in traces:
        if trace.message_id and trace.received_at is not None:
            groups[trace.message_id, trace.size, trace.received_at].append(trace.key)
    return groups


def _pair(
    old: Mapping[object, list[int]], new: Mapping[object, list[int]], *, most: int | None
) -> dict[int, int]:
    pairs: dict[int, int] = {}
    for name, keys in old.items():
        others = new.get(name, [])
        if len(keys) == len(others) and (most is None or len(keys) <= most):
            pairs.update(zip(sorted(keys), sorted(others), strict=True))
    return pairs
