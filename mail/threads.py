"""Which thread a mail belongs to, by References, In-Reply-To and its own Message-ID, all keyed.

Found across folders and accounts, Sent included; a subject alone joins nobody. A thread that two mails turn
out to share becomes one: the older keeps its name, the younger is left empty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection

MOST_REFS = 30  # of the newest: a sender may name any number

_FIND = """
    SELECT r.ref, e.thread_id FROM mail_messageref r JOIN mail_email e ON e.id = r.email_id
     WHERE r.owner_id = %s AND r.ref = ANY(%s)
"""
_JOIN = "UPDATE mail_email SET thread_id = %s WHERE owner_id = %s AND thread_id = ANY(%s)"


@dataclass(slots=True)
class Joined:
    """Threads by what they are known by (a keyed Message-ID); the smallest id of a group leads it."""

    leader: dict[int, int] = field(default_factory=dict)
    by_ref: dict[bytes, int] = field(default_factory=dict)

    def lead(self, thread: int) -> int:
        """The thread that this one has become part of."""
        while (above := self.leader.get(thread, thread)) != thread:
            thread = above
        return thread

    def of(self, refs: Iterable[bytes]) -> set[int]:
        """The threads that these references are of."""
        return {self.lead(self.by_ref[ref]) for ref in refs if ref in self.by_ref}

    def join(self, refs: Iterable[bytes], threads: set[int]) -> int:
        """These references and threads are one: gives its leader."""
        first = min(threads)
        for other in threads - {first}:
            self.leader[other] = first
        for ref in refs:
            self.by_ref[ref] = first
        return first


def assign(owner: int, mails: Sequence[Sequence[bytes]], fresh: Sequence[int]) -> tuple[list[int], set[int]]:
    """The thread of each mail, given its references; and which of the `fresh` ids were taken.

    Runs in the transaction that stores the mails; a mail with no reference has a thread of its own.
    """
    joined = Joined()
    for ref, thread in _known(owner, {ref for refs in mails for ref in refs}):
        joined.join([ref], joined.of([ref]) | {joined.lead(thread)})
    first = [
        joined.join(refs, joined.of(refs) or {thread}) for refs, thread in zip(mails, fresh, strict=True)
    ]
    threads = [joined.lead(thread) for thread in first]
    _join(owner, joined, set(fresh))
    return threads, set(threads) & set(fresh)


def _known(owner: int, refs: set[bytes]) -> list[tuple[bytes, int]]:
    if not refs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [owner, list(refs)])
        return [(bytes(ref), thread) for ref, thread in cursor.fetchall()]


def _join(owner: int, joined: Joined, fresh: set[int]) -> None:
    """Stored mails of a thread that became part of another follow it."""
    groups: dict[int, list[int]] = {}
    for thread in joined.leader:
        if thread not in fresh and joined.lead(thread) != thread:
            groups.setdefault(joined.lead(thread), []).append(thread)
    with connection.cursor() as cursor:
        for leader, others in groups.items():
            cursor.execute(_JOIN, [leader, owner, others])
