"""Dates as people write them, resolved against the day received: German and English, main forms of French
and Italian. Every search starts at a word or digit of a date and looks a bounded number of signs around."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from mail.triage.reading import Reading
from mail.triage.vocabulary import calendar, places, split

MOST = 30  # dates looked at in a mail
PAST = 60  # days back in which a date without a year may lie

_words = calendar()
WEEKDAYS: dict[str, int] = _words["weekday"] | {
    day + part: number
    for day, number in _words["weekday"].items()
    if day.endswith(("tag", "mittwoch", "abend"))
    for part in ("abend", "morgen", "mittag", "vormittag", "nachmittag", "früh", "nacht")
}
OFFSETS: dict[str, int] = _words["offset"]
MONTHS: dict[str, int] = _words["month"]
UNITS: dict[str, int] = _words["unit"]
NUMBERS: dict[str, int] = _words["number"]
CLOCK_CUES = ("bis", "by", "before", "until", "entro", "avant")
MORNING = frozenset({"guten", "am", "jeden", "den", "diesen", "heute", "gestern", "der", "schönen"})
PERIOD = frozenset(
    {"ende", "end", "diese", "dieser", "diesen", "this", "mitte"}
)  # an end, or the present one
PERIOD_WORDS = 3  # so many words before a week or month say which
NEXT = frozenset(_words["cue"]["next"])
TAGS = frozenset({"mon", "tue", "wed", "thu", "thur", "fri", "sat", "sun"})  # some are other words too
AHEAD = frozenset({"by", "until", "till", "next", "on", "this", "before"})  # what stands before a short day

NUMERIC = re.compile(
    r"(?:(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"|(?P<d1>\d{1,2})\.\s?(?P<m1>\d{1,2})\.(?:\s?(?P<y1>\d{4}|\d{2}(?=\D|$)))?"
    r"|(?P<d2>\d{1,2})[/-](?P<m2>\d{1,2})[/-](?P<y2>\d{4}|\d{2}))(?!\d)"
)
NUMERIC_START = re.compile(r"\d\d{0,3}[./-]\s?\d")
DAY_BEFORE = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th|er|°)?\s?(?:of\s|de\s)?$")
DAY_AFTER = re.compile(r"\.?\s(\d{1,2})(?:st|nd|rd|th)?(?![\d:])(?:,?\s(\d{4}))?")
YEAR_AFTER = re.compile(r"[.,]?\s(\d{4})(?!\d)")
LENGTH_BEFORE = re.compile(
    r"(?:in|within|innert|innerhalb|binnen|dans|sous|entro|fra|tra|noch|nur|über)\s"
    r"(?:the\s|von\s|les\s|weniger als\s|about\s|next\s|the next\s|den nächsten\s)?(\w{1,10})\s?$"
)
LENGTH_BARE = re.compile(r"(?<!\w)(\w{1,10})\s$")
LENGTH_AFTER = re.compile(r"\s(?:left|remaining|übrig)\b")
LAST_WORD = re.compile(r"(\w{1,20})\W{1,3}$")
DAY_NAMED = re.compile(
    r"\W{1,3}(?:den\s|dem\s|the\s|le\s)?"
    r"(?:\d{1,2}(?:\.|/|°|st|nd|rd|th|\s[^\W\d]{3})|([^\W\d]{3,9})\.?\s\d|\d{4}-\d)"
)
NEXT_WEEK = re.compile(r"\W{1,2}(?:next week|nächster woche|kommender woche|prochaine|prossima)\b")
TIME = re.compile(
    r"\W(?:um\s|spätestens\s|at\s|heute\s)?(\d{1,2})(?:[:.](\d{2}))?\s?(?:uhr|h|am|pm|a\.m|p\.m|o'clock)\b"
)
HOUR = re.compile(r"\W(?:um\s|spätestens\s|at\s|heute\s)?(\d{1,2})[:](\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Dated:
    """A date found in a mail's flat text, and where it stands."""

    day: date
    start: int
    end: int


Finder = Callable[[str, str, date], Iterator[Dated]]


def find_dates(reading: Reading) -> list[Dated]:
    """The dates of a mail in the order found, at most MOST."""
    found: list[Dated] = []
    for one in all_dates(reading):
        found.append(one)
        if len(found) == MOST:
            break
    return found


def all_dates(reading: Reading) -> Iterator[Dated]:
    """Every date that the text names."""
    flat, received = reading.flat, reading.received
    yield from numeric_dates(flat, received)
    for token in [token for token in reading.tokens if token in FINDERS]:
        for finder in FINDERS[token]:
            yield from finder(flat, token, received)


def numeric_dates(flat: str, received: date) -> Iterator[Dated]:
    """31.01.2026, 31.1., 2026-01-31, 31/01/2026."""
    for start in NUMERIC_START.finditer(flat):
        match = NUMERIC.match(flat, start.start())
        if match is None or (match.start() and is_glued(flat[match.start() - 1])):
            continue
        part = match.groupdict()
        parts = [part[name] or part[f"{name}1"] or part[f"{name}2"] for name in "dmy"]
        day = make_day(int(parts[0]), int(parts[1]), int(parts[2]) if parts[2] else None, received)
        if day:
            yield Dated(day, match.start(), match.end())


def is_glued(sign: str) -> bool:
    """Whether a sign before digits makes them part of something longer."""
    return sign.isalnum() or sign in ".,/-'"


def month_dates(flat: str, token: str, received: date) -> Iterator[Dated]:
    """31. Januar 2026, January 31st, 9 juin, 1° maggio."""
    for at in places(flat, token):
        end = at + len(token)
        before, after = DAY_BEFORE.search(flat, max(0, at - 9), at), DAY_AFTER.match(flat, end)
        if before:
            year = YEAR_AFTER.match(flat, end)
            day = make_day(int(before[1]), MONTHS[token], int(year[1]) if year else None, received)
            start, end = before.start(), year.end() if year else end
        elif after:
            day = make_day(int(after[1]), MONTHS[token], int(after[2]) if after[2] else None, received)
            start, end = at, after.end()
        else:
            continue
        if day:
            yield Dated(day, start, end)


def make_day(day: int, month: int, year: int | None, received: date) -> date | None:
    """A calendar date; without a year the one nearest ahead. None where there is no such day."""
    if year is not None:
        return valid(year + 2000 if year < 100 else year, month, day)
    here = valid(received.year, month, day)
    if here and here < received - timedelta(PAST):
        return valid(received.year + 1, month, day)
    if here and here > received + timedelta(365 - PAST):
        return valid(received.year - 1, month, day)
    return here


def valid(year: int, month: int, day: int) -> date | None:
    """The date, or None where the calendar has no such day or the year is out of our time."""
    try:
        return date(year, month, day) if 1970 <= year <= 2200 else None
    except ValueError:
        return None


def weekday_dates(flat: str, token: str, received: date) -> Iterator[Dated]:
    """Donnerstag, next Friday, Freitag nächster Woche, heute Dienstag."""
    for at in places(flat, token):
        end = at + len(token)
        before = LAST_WORD.search(flat, max(0, at - 23), at)
        word = before[1] if before else ""
        if named(flat, end) or (token in TAGS and word not in AHEAD):
            continue
        week_after = NEXT_WEEK.match(flat, end) or flat[max(0, at - 11) : at].endswith("next week ")
        ahead = days_ahead(received, WEEKDAYS[token], word, bool(week_after))
        yield Dated(received + timedelta(ahead), at, end)


def named(flat: str, end: int) -> bool:
    """Whether the day of the month follows, which then says more than the weekday."""
    match = DAY_NAMED.match(flat, end)
    return match is not None and (match[1] is None or match[1] in MONTHS)


def days_ahead(received: date, weekday: int, word: str, week_after: bool) -> int:
    """Days to the weekday meant. A bare one is the next such day; "next" means the coming week's."""
    ahead = (weekday - received.weekday()) % 7
    if word in {"heute", "today", "oggi"} and not ahead:
        return 0
    if week_after or word in NEXT:
        return 7 - received.weekday() + weekday
    return ahead or 7


def offset_dates(flat: str, word: str, received: date) -> Iterator[Dated]:
    """Heute, tomorrow, übermorgen; "guten Morgen" and "heute Morgen" are not tomorrow."""
    for at in places(flat, word):
        match = LAST_WORD.search(flat, max(0, at - 23), at)
        before = match[1] if match else ""
        if (word == "morgen" and before in MORNING) or (word == "afternoon" and before != "this"):
            continue
        days = OFFSETS[word] + (before in {"after", "après"})
        yield Dated(received + timedelta(days), at, at + len(word))


def unit_dates(flat: str, token: str, received: date) -> Iterator[Dated]:
    """In 3 Tagen, within 24 hours, 3 days left, Ende nächster Woche, end of the month."""
    for at in places(flat, token):
        end = at + len(token)
        shape = LENGTH_BARE if LENGTH_AFTER.match(flat, end) else LENGTH_BEFORE
        before = shape.search(flat, max(0, at - 40), at)
        days = span(before[1], token) if before else None
        if days is not None and before:
            yield Dated(received + timedelta(days), before.start(), end)
        elif token in {"woche", "week", "monat", "month"}:
            yield from period_dates(flat, (at, end), token, received)


def span(word: str, unit: str) -> int | None:
    """A length in days; hours round up to days. None where the word is no number."""
    count = int(word) if word.isdecimal() and len(word) < 4 else NUMBERS.get(word)
    if count is None:
        return None
    if UNITS[unit]:
        return count * UNITS[unit]
    return count // 24 if unit[0] in "shoh" or unit == "ore" else 0


def period_dates(flat: str, place: tuple[int, int], token: str, received: date) -> Iterator[Dated]:
    """End of a week (its Friday) or of a month, this one or the next, where the words before say so."""
    before = split(flat[max(0, place[0] - 32) : place[0]])[-PERIOD_WORDS:]
    later = any(word in NEXT or word.startswith("kommende") for word in before[-2:])
    if not (later or PERIOD.intersection(before)) or any(word in WEEKDAYS for word in before):
        return
    if token in {"woche", "week"}:
        day = received + timedelta(max(4 - received.weekday(), 0) + 7 * later)
    else:
        first = received.replace(day=1) + timedelta(62 if later else 31)
        day = first.replace(day=1) - timedelta(1)
    yield Dated(day, *place)


def clock_dates(flat: str, token: str, received: date) -> Iterator[Dated]:
    """Bis 16 Uhr, by 5 pm: today, where no other day is named beside it."""
    for at in places(flat, token):
        end = at + len(token)
        match = TIME.match(flat, end) or HOUR.match(flat, end)
        if match and not flat[max(0, at - 4) : at].rstrip().endswith(("uhr", *"0123456789")):
            yield Dated(received, end, match.end())


def finders() -> dict[str, list[Finder]]:
    """What to call for each word of a date."""
    kinds: tuple[tuple[Iterable[str], Finder], ...] = (
        (MONTHS, month_dates),
        (WEEKDAYS, weekday_dates),
        (OFFSETS, offset_dates),
        (UNITS, unit_dates),
        (CLOCK_CUES, clock_dates),
    )
    made: dict[str, list[Finder]] = {}
    for words, finder in kinds:
        for word in words:
            made.setdefault(word, []).append(finder)
    return made


FINDERS = finders()
