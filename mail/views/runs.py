"""A live sync as one line: accounts/_run.html."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from accounts.durations import span
from mail.models import SyncRun
from mail.reading import Mailboxes


@dataclass(frozen=True, slots=True)
class RunLine:
    """`done` of `total` mails; `total` is 0 while they are counted; `left` is in words, may be empty."""

    account: int
    name: str
    first: bool
    done: int
    total: int
    left: str


def lines(boxes: Mailboxes, account: int | None = None) -> list[RunLine]:
    """The live runs of one account, or of all."""
    return list(_lines(boxes, account))


def _lines(boxes: Mailboxes, account: int | None) -> Iterable[RunLine]:
    for run in boxes.runs:
        box = boxes.account(run.account_id)
        if box and account in (None, box.pk):
            yield line(run, box.name, first=box.is_new, now=timezone.now())


def line(run: SyncRun, name: str, *, first: bool, now: datetime) -> RunLine:
    """One run, as it stands now."""
    done = run.stored + run.matched
    total = max(run.wanted, done) if run.wanted else 0
    return RunLine(run.account_id, name, first, done, total, _left(run, done, total, now))


def _left(run: SyncRun, done: int, total: int, now: datetime) -> str:
    if not done or total <= done:
        return ""
    seconds = (now - run.started_at).total_seconds() * (total - done) / done
    return gettext("{span} left").format(span=span(max(1.0, seconds)))
