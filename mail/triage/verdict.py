"""The step of the pipeline: read each mail, ask every detector, add up."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from mail.pipeline import Contribution, Incoming, ReaderContext, Verdict
from mail.triage import recipients, requests, scorer, spam, topics
from mail.triage.deadlines import EVENT, Deadline, deadline, find_deadline
from mail.triage.reading import Reading, read

Detector = Callable[[Reading, ReaderContext], list[Contribution]]

PRESSING = frozenset({"urgent", "outage", "waiting"})  # where a deadline is named, it says when

FIRST: tuple[Detector, ...] = (recipients.route, recipients.sender, spam.junk, spam.filters, spam.masks)
THEN: tuple[Detector, ...] = (
    requests.reached,
    requests.asked,
    requests.pressed,
    requests.settled,
    topics.stakes,
    topics.trifles,
    topics.money,
    topics.operations,
    topics.changes,
)
MASS = frozenset({"bulk", "list", "absence"})  # codes after which nothing else could count


def step(mails: Sequence[Incoming], reader: ReaderContext) -> None:
    """Fill in the verdict of each mail of a batch."""
    for mail in mails:
        mail.verdict = verdict(mail, reader)


def verdict(mail: Incoming, reader: ReaderContext) -> Verdict:
    """Where a mail stands for this reader. Words are judged by the day received, deadlines by today."""
    reading = read(mail, reader)
    made = [one for detector in FIRST for one in detector(reading, reader)]
    if scorer.total(made, "spam") >= scorer.SPAM:
        return Verdict(1, 1, "archive", True, tuple(made))
    if any(one.code in MASS for one in made):
        return Verdict(1, 1, "archive", False, tuple(made))
    made += [one for detector in THEN for one in detector(reading, reader)]
    return judge(made, find_deadline(reading), reading.today, reader.time_zone)


def judge(made: list[Contribution], found: Deadline | None, today: date, zone: ZoneInfo) -> Verdict:
    """The verdict of a mail that is no spam, on a given day."""
    if found and found.role != EVENT:
        made = [one for one in made if one.target != "urgency" or one.code not in PRESSING]
    whole = made + deadline(found, today)
    urgent, important = scorer.urgency(whole), scorer.importance(whole)
    return Verdict(
        urgent,
        important,
        scorer.category(urgent, important, whole),
        False,
        tuple(whole),
        datetime.combine(found.day, time(23, 59), zone) if found else None,
        rises(made, found, today, zone),
    )


def rises(made: list[Contribution], found: Deadline | None, today: date, zone: ZoneInfo) -> datetime | None:
    """The midnight at which the deadline lifts the mail one level: to 2 two weeks ahead, to 3 two days."""
    at = scorer.rising(found.day, today, zone) if found and found.role != EVENT else None
    if found is None or at is None:
        return None
    now = scorer.urgency(made + deadline(found, today))
    then = scorer.urgency(made + deadline(found, at.date()))
    return at if then == now + 1 == scorer.lifted(found.day, at.date()) else None
