"""How far a sync is: the run's row as one line of a page (templates/accounts/_run.html)."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import durations


@dataclass(frozen=True, slots=True)
class Run:
    """A sync that runs. `total` is 0 while mails are counted; `left` is in words and may be empty."""

    account: int
    name: str
    first: bool
    done: int = 0
    total: int = 0
    left: str = ""


def progress(run: Any, name: str, *, first: bool) -> Run:
    """A run's row (`mail.models.SyncRun`, which this application cannot name) as it stands now."""
    done = run.stored + run.matched
    total = max(run.wanted, done) if run.wanted else 0
    return Run(run.account_id, name, first, done, total, _left(run, done, total))


def _left(run: Any, done: int, total: int) -> str:
    passed = (timezone.now() - run.started_at).total_seconds()
    if not done or total <= done or passed < 1:
        return ""
    return _("{span} left").format(span=durations.span(max(1.0, passed * (total - done) / done)))
