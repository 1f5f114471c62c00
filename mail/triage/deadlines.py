"""When the reader must react: the date that counts among those a mail names."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from mail.pipeline import Contribution
from mail.triage.dates import Dated, find_dates
from mail.triage.reading import BREAK, Reading
from mail.triage.vocabulary import calendar, split

NEAR, SOON = 2, 14  # days ahead: react within two days, within two weeks

_cues = calendar()["cue"]
CLOSE = frozenset(_cues["close"])
WIDE = frozenset(_cues["wide"])
OFF = frozenset(_cues["off"])
CLOSE_WORDS = 4  # so many words before a date may lie between it and its cue
OFF_WORDS = 2
BEFORE, AFTER = 24, 12  # characters around a date that are shown with it
PLAIN_CLOSING = 3  # "Bis Donnerstag" as a farewell has no more words

DUE, ASKED, EVENT = "due", "asked", "event"


@dataclass(frozen=True, slots=True)
class Deadline:
    """The day that counts, in what role, and the words that name it."""

    day: date
    role: str
    words: str


def find_deadline(reading: Reading) -> Deadline | None:
    """The date by which the reader must react or be somewhere: named as a deadline, else asked for, else
    that of an appointment; of several the first that was not past when the mail came."""
    ranked = [(role, one) for one in find_dates(reading) if (role := role_of(reading, one))]
    for wanted in (DUE, ASKED, EVENT):
        days = [one for role, one in ranked if role == wanted and one.day >= reading.received]
        if days:
            first = min(days, key=lambda one: one.day)
            return Deadline(first.day, wanted, excerpt(reading.flat, first.start, first.end))
    return None


def excerpt(flat: str, start: int, end: int) -> str:
    """A place with the whole words around it, of the same paragraph."""
    low, high = max(0, start - BEFORE), end + AFTER
    before, after = flat[low:start].rpartition(BREAK), flat[end:high].partition(BREAK)
    lead = before[2] if before[1] or not low else before[2].partition(" ")[2]
    tail = after[0] if after[1] or high >= len(flat) else after[0].rpartition(" ")[0]
    return f"{lead}{flat[start:end]}{tail}".strip(" ,.;:()\"'")


def role_of(reading: Reading, one: Dated) -> str:
    """What a date is in its sentence: a deadline, the time of something asked, an event; or nothing ("")."""
    start, end = reading.sentence(one.start, one.end)
    before = split(reading.flat[start : one.start])
    if is_off(before):
        return ""
    around = before + split(reading.flat[one.end : end])
    if is_due(before, around):
        return "" if len(around) < PLAIN_CLOSING and not WIDE.intersection(around) else DUE
    if asks(reading, start, end) or (is_subject(reading, end) and is_asking(reading)):
        return ASKED
    return EVENT if is_event(reading, start, end) else ""


def is_off(before: list[str]) -> bool:
    """Whether the date is a beginning, a past day or a choice."""
    return bool(OFF.intersection(before[-OFF_WORDS:]))


def is_due(before: list[str], around: Iterable[str]) -> bool:
    """Whether the words of the sentence make its date a deadline."""
    return bool(CLOSE.intersection(before[-CLOSE_WORDS:]) or WIDE.intersection(around))


def asks(reading: Reading, start: int, end: int) -> bool:
    """Whether something is asked between two places."""
    return "?" in reading.flat[start:end] or any(start <= at < end for at in reading.places("request"))


def is_event(reading: Reading, start: int, end: int) -> bool:
    """Whether an appointment is named between two places, or the date stands in the subject of one."""
    if reading.topic("cancelled") and not reading.topic("replan"):
        return False
    if any(start <= at < end for at in reading.places("appointment")):
        return True
    return is_subject(reading, end) and bool(reading.topic("appointment"))


def is_asking(reading: Reading) -> bool:
    """Whether something is asked anywhere."""
    return bool(reading.topic("request")) or "?" in reading.flat


def is_subject(reading: Reading, end: int) -> bool:
    """Whether a sentence belongs to the subject."""
    return end <= len(reading.mail.subject) + 3


def stage(day: date, today: date) -> str:
    """How near a day is: "near", "soon" or "far"; one that passed unanswered stays near."""
    left = (day - today).days
    return "near" if left <= NEAR else "soon" if left <= SOON else "far"


WEIGHTS = {"near": 5.0, "soon": 1.5, "far": -1.5}


def deadline(found: Deadline | None, today: date) -> list[Contribution]:
    """What a deadline adds on a given day. An appointment presses only in its last two days."""
    if found is None:
        return []
    near = stage(found.day, today)
    if found.role != EVENT:
        return [Contribution("urgency", f"deadline-{near}", WEIGHTS[near], found.words)]
    if near != "near" or found.day < today:
        return []
    return [Contribution("urgency", "appointment-near", WEIGHTS[near], found.words)]
