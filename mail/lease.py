"""One sync of an account at a time, wherever its workers run.

The lease is a time and a fencing number in the account's row. Each transaction of a run begins with `hold`:
whoever was overtaken while they slept finds no row and stops, and a taker waits for the commit of the other.
"""

import time
from dataclasses import dataclass, field

from django.db import connection

from accounts.models import MailAccount
from accounts.ownership import acting_as

HOLD = 120  # seconds
BEAT = 20  # seconds

_TAKE = """
    UPDATE accounts_mailaccount
       SET lease_until = now() + make_interval(secs => %s), fence = fence + 1, starts = starts + 1,
           queued_at = NULL
     WHERE id = %s AND state = 'active' AND (lease_until IS NULL OR lease_until < now())
 RETURNING fence
"""
_HOLD = """
    UPDATE accounts_mailaccount SET lease_until = now() + make_interval(secs => %s)
     WHERE id = %s AND fence = %s AND state = 'active'
"""
_RELEASE = "UPDATE accounts_mailaccount SET lease_until = NULL, starts = 0 WHERE id = %s AND fence = %s"


class LeaseLost(Exception):
    """Somebody else holds the account now, or its reader paused or deleted it: stop at once."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to sync one account until somebody takes it over."""

    account: int
    owner: int
    fence: int

    def hold(self) -> None:
        """Lengthen it; the first statement of every transaction of a run. Raises LeaseLost."""
        if not _execute(_HOLD, HOLD, self.account, self.fence):
            raise LeaseLost

    def release(self) -> bool:
        """Give it back. False where it was lost before."""
        with acting_as(self.owner):
            return bool(_execute(_RELEASE, self.account, self.fence))


@dataclass(slots=True)
class Heartbeat:
    """Lengthens a lease now and then, to be called while a slow server is at it. Raises LeaseLost."""

    lease: Lease
    _at: float = field(default_factory=time.monotonic)

    def __call__(self) -> None:
        """Cheap where the last time is not long ago."""
        if time.monotonic() - self._at >= BEAT:
            with acting_as(self.lease.owner):
                self.lease.hold()
            self._at = time.monotonic()


def take(account: MailAccount) -> Lease | None:
    """The lease of an account, or None while another holds it, or where there is nothing to sync."""
    with acting_as(account.owner_id), connection.cursor() as cursor:
        cursor.execute(_TAKE, [HOLD, account.pk])
        row = cursor.fetchone()
    return Lease(account.pk, account.owner_id, row[0]) if row else None


def _execute(statement: str, *values: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        return int(cursor.rowcount)
