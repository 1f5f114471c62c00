"""When accounts sync. The account's row is the schedule; queues only carry it, and may be lost.

`dispatch` is rung by beat. It claims what is due by updating it, so that two beats or a restarted queue do no
harm: what is due is found again.
"""

import logging
import random
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import Grant, MailAccount
from accounts.ownership import acting_as, acting_as_operator

logger = logging.getLogger(__name__)

SYNC = "mail.sync_account"
AT_ONCE = 1000
RETRIES = (60, 120, 240)  # seconds; then the account's own interval
HOPELESS = 3600  # a certificate or a name that is wrong now is asked for again in an hour

#: Queued that long ago and not begun: lost, so due again. A task expires before.
LOST_AFTER = 120  # seconds
EXPIRES = 110

_CLAIM = """
    UPDATE accounts_mailaccount SET queued_at = now() WHERE id IN (
        SELECT a.id FROM accounts_mailaccount a
         WHERE a.state = 'active' AND a.next_sync_at <= now()
           AND (a.queued_at IS NULL OR a.queued_at < now() - make_interval(secs => %s))
           AND (a.lease_until IS NULL OR a.lease_until < now())
           AND EXISTS (SELECT 1 FROM accounts_grant g
                        WHERE g.owner_id = a.owner_id AND g.scope = 'sync'
                          AND (g.expires_at IS NULL OR g.expires_at > now()))
         ORDER BY a.next_sync_at LIMIT %s FOR UPDATE OF a SKIP LOCKED)
 RETURNING id
"""


def dispatch() -> int:
    """Queue the accounts that are due and whose reader has lent a key. Returns how many."""
    with acting_as_operator("dispatch syncs"), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LOST_AFTER, AT_ONCE])
        due = [row[0] for row in cursor.fetchall()]
    queued = 0
    for account in due:
        if not _queue(account):
            break  # nor would the broker take the others: they are due again after two minutes
        queued += 1
    return queued


def wanted(sender: object, account: int, owner: int, **_: object) -> None:
    """The reader wants it now (`sync_wanted`)."""
    go_on(account, owner)


def go_on(account: int, owner: int) -> None:
    """Queue the next unit of work at once. Where the queue is lost, `dispatch` finds it due."""
    now = timezone.now()
    if _stamp(account, owner, next_sync_at=now, queued_at=now) and not _queue(account):
        _stamp(account, owner, queued_at=None)


def _stamp(account: int, owner: int, **values: Any) -> bool:
    """Whether the account is active."""
    with acting_as(owner):
        mine = MailAccount.objects.for_user(owner).filter(pk=account, state=MailAccount.State.ACTIVE)
        return bool(mine.update(**values))


def succeeded(account: MailAccount, error: str = "") -> None:
    """Everything is here: come again after the account's interval. `error` is what the reader should know."""
    _set(account, account.sync_every, error=error, failures=0)
    if account.first_synced_at:
        return
    with acting_as(account.owner_id):
        mine = MailAccount.objects.for_user(account.owner_id).filter(pk=account.pk)
        mine.update(first_synced_at=timezone.now())
        _end_first_sync_grants(account.owner_id)


def failed(
    account: MailAccount, code: str, *, hopeless: bool = False, retry_after: int | None = None
) -> None:
    """Come again: soon, then less soon, never sooner than the server asked."""
    tries = account.failures
    delay = RETRIES[tries] if tries < len(RETRIES) else max(RETRIES[-1], account.sync_every)
    wait = max(HOPELESS if hopeless else delay, retry_after or 0)
    _set(account, wait * random.uniform(0.9, 1.2), error=code, failures=tries + 1)  # noqa: S311  (jitter)


def needs_reader(account: MailAccount, code: str) -> None:
    """Only the reader can help: it does not come again by itself."""
    _set(account, None, error=code, failures=account.failures + 1, state=MailAccount.State.ATTENTION)


def _set(account: MailAccount, seconds: float | None, **values: Any) -> None:
    at = None if seconds is None else timezone.now() + timedelta(seconds=seconds)
    with acting_as(account.owner_id):
        mine = MailAccount.objects.for_user(account.owner_id).filter(pk=account.pk)
        mine.update(next_sync_at=at, queued_at=None, **values)


def _end_first_sync_grants(owner: int) -> None:
    """A grant until the first sync is done ends with the last account's."""
    waiting = MailAccount.objects.for_user(owner).filter(first_synced_at=None, state=MailAccount.State.ACTIVE)
    if not waiting.exists():
        Grant.objects.for_user(owner).filter(until=Grant.Until.FIRST_SYNC).delete()


def _queue(account: int) -> bool:
    """Put it in the queue: one id, nothing else. False where the broker does not answer."""
    try:
        current_app.send_task(SYNC, args=[account], expires=EXPIRES, queue="sync")
    except OperationalError:
        logger.error("The broker does not answer: account %s will be found due again", account)
        return False
    return True
