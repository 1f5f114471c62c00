"""Contributions add up: urgency and importance 1 to 3, spam, category, and when the cell changes next."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mail.pipeline import Contribution
from mail.triage.deadlines import NEAR, SOON

URGENCY = (1.0, 4.0)  # sums from which urgency is 2, and 3
IMPORTANCE = (-0.9, 1.0)  # sums from which importance is 2, and 3
SPAM = 2.0
FILED = frozenset({"thanks", "receipt", "calendar-answer"})  # codes of mail that may be filed unread


def total(contributions: Iterable[Contribution], target: str) -> float:
    """The sum for one target."""
    return sum(one.weight for one in contributions if one.target == target)


def level(amount: float, bounds: tuple[float, float]) -> int:
    """1 to 3: how many bounds a sum reaches, and one."""
    return 1 + sum(amount >= bound for bound in bounds)


def urgency(contributions: Iterable[Contribution]) -> int:
    """1 to 3."""
    return level(total(contributions, "urgency"), URGENCY)


def importance(contributions: Iterable[Contribution]) -> int:
    """1 to 3."""
    return level(total(contributions, "importance"), IMPORTANCE)


def category(urgent: int, important: int, contributions: Sequence[Contribution]) -> str:
    """ "action" where something is to be done, now or after two weeks; "archive" what may be filed unread."""
    codes = {one.code for one in contributions}
    if urgent > 1 or is_task_ahead(contributions):
        return "action"
    if important == 1 or (important == 2 and codes & FILED):
        return "archive"
    return "info"


def is_task_ahead(contributions: Sequence[Contribution]) -> bool:
    """Whether a deadline beyond two weeks is all that keeps a mail from being urgent."""
    far = [one for one in contributions if one.code == "deadline-far"]
    others = [one for one in contributions if one.code != "deadline-far"]
    return bool(far) and total(others, "urgency") >= -0.5


def lifted(day: date, today: date) -> int:
    """The urgency that a deadline alone asks for on a day: 3 within two days, 2 within two weeks, else 1."""
    left = (day - today).days
    return 3 if left <= NEAR else 2 if left <= SOON else 1


def risen(urgent: int, at: datetime) -> tuple[int, datetime | None]:
    """A stored mail's urgency from its `rises_at` on, and its next `rises_at`, told without its text."""
    return min(urgent + 1, 3), at + timedelta(SOON - NEAR) if urgent == 1 else None


def rising(day: date, today: date, zone: ZoneInfo) -> datetime | None:
    """The midnight at which a deadline comes within two weeks or two days; None when it is there."""
    for ahead in (SOON, NEAR):
        if (day - today).days > ahead:
            return datetime.combine(day - timedelta(ahead), time.min, zone)
    return None
