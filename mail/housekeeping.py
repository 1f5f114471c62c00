"""What is left behind: threads and content keys of deleted mail, runs that nobody goes on with, old ones."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import ContentKey
from accounts.ownership import acting_as_operator
from mail.models import Email, SyncRun, Thread

#: A batch that is being stored has its thread and its key before its mails.
_AGE = timedelta(days=1)
_AT_ONCE = 5000
_RUNS_KEPT = timedelta(days=30)
_RUN_RESTS = timedelta(minutes=15)  # the longest unit, twice over


def drop_orphans() -> dict[str, int]:
    """Delete some of them. Returns counts."""
    with acting_as_operator("drop what deleted mail leaves behind"):
        mails = Email.unscoped.all()
        return {
            "threads": _drop(Thread.unscoped.filter(~Exists(mails.filter(thread=OuterRef("pk"))))),
            "content_keys": _drop(
                ContentKey.unscoped.filter(~Exists(mails.filter(content_key=OuterRef("pk"))))
            ),
        }


def end_runs() -> dict[str, int]:
    """Finish runs that nobody goes on with, and drop those of long ago. Returns counts."""
    now = timezone.now()
    with acting_as_operator("end runs that nobody goes on with"):
        still = SyncRun.unscoped.filter(finished_at=None, moved_on_at__lt=now - _RUN_RESTS)
        ended = still.update(finished_at=now, error="interrupted")
        old = SyncRun.unscoped.filter(finished_at__lt=now - _RUNS_KEPT).values_list("pk", flat=True)
        dropped, _ = SyncRun.unscoped.filter(pk__in=list(old[:_AT_ONCE])).delete()
    return {"ended": ended, "dropped": dropped}


def _drop(orphans: QuerySet[Any]) -> int:
    old = orphans.filter(made_at__lt=timezone.now() - _AGE).values_list("pk", flat=True)
    dropped, _ = orphans.filter(pk__in=list(old[:_AT_ONCE])).delete()
    return dropped
