"""The row of a sync that the reader watches: begun, moved on, finished."""

from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import MailAccount
from accounts.ownership import acting_as
from mail.models import SyncRun

_WAITING = ("", "no-grant", "paused", "many-gone")
_COUNTS = ("stored", "matched", "changed", "gone", "dropped", "doubted", "opaque", "unreadable")


def begin(account: MailAccount, *, full: bool = False) -> SyncRun:
    """The account's unfinished run, or a new one."""
    with acting_as(account.owner_id):
        mine = SyncRun.objects.for_user(account.owner_id)
        run = mine.filter(account=account, finished_at=None).first()
        if run is None:
            run = mine.create(owner_id=account.owner_id, account=account, full=full)
        mine.filter(pk=run.pk).update(units=F("units") + 1, moved_on_at=timezone.now())
    return run


def count(run: SyncRun, **more: int) -> None:
    """Add to its counts; in the transaction of what is counted."""
    if unknown := set(more) - set(_COUNTS):
        raise ValueError(f"no counts: {unknown}")
    changes: dict[str, Any] = {name: F(name) + number for name, number in more.items() if number}
    _update(run, **changes)


def expect(run: SyncRun, mails: int) -> None:
    """So many mails are still to fetch."""
    _update(run, wanted=F("stored") + F("matched") + mails)


def finish(run: SyncRun, error: str = "") -> None:
    """It is over, with or without an error code."""
    _update(run, finished_at=timezone.now(), error=error)


def failure_since(account: MailAccount, at: datetime) -> str:
    """The error code of a run that ended since then, "" where none failed. Waiting is no failure."""
    with acting_as(account.owner_id):
        mine = SyncRun.objects.for_user(account.owner_id).filter(account=account, finished_at__gte=at)
        run = mine.exclude(error__in=_WAITING).order_by("-pk").first()
    return run.error if run else ""


def break_off(account: MailAccount, error: str) -> None:
    """Finish what was begun on an account: the next run looks at every folder again."""
    with acting_as(account.owner_id):
        _unfinished(account).update(finished_at=timezone.now(), error=error)


def stop(account: MailAccount) -> None:
    """Finish what was begun on an account that its reader paused meanwhile."""
    with acting_as(account.owner_id):
        idle = _unfinished(account).exclude(account__state=MailAccount.State.ACTIVE)
        idle.update(finished_at=timezone.now(), error="paused")


def _unfinished(account: MailAccount) -> QuerySet[SyncRun]:
    return SyncRun.objects.for_user(account.owner_id).filter(account=account, finished_at=None)


def _update(run: SyncRun, **changes: Any) -> None:
    with acting_as(run.owner_id):
        SyncRun.objects.for_user(run.owner_id).filter(pk=run.pk).update(moved_on_at=timezone.now(), **changes)
