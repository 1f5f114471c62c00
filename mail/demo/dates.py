"""Dates of the demo mails: they are written relative to the day on which the mailbox is filled.

In texts: `{today+2:de_long}` (days from the filling) and `{sent-3:iso}` (days from the mail's own date).
Ages: `3h` is today, `4d 09:15` four days ago at a quarter past nine. Moments of events: `today+3 10:00`.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo

_PLACEHOLDER = re.compile(r"\{(today|sent)([+-]\d+)?:(\w+)\}")
_AGE = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?|(\d+)d (\d\d:\d\d)")
_MOMENT = re.compile(r"today([+-]\d+)? (\d\d:\d\d)")
_HALF_DAY = timedelta(hours=12)

_DAYS = {
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
}
_MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
}


def day_name(day: date, lang: str) -> str:
    """Name of the weekday."""
    return _DAYS[lang].split()[day.weekday()]


def day_and_month(day: date, lang: str) -> str:
    """Day and month in words, without the year."""
    dot = "." if lang == "de" else ""
    return f"{day.day}{dot} {_MONTHS[lang].split()[day.month - 1]}"


def in_full(day: date, lang: str) -> str:
    """Weekday, day, month and year in words."""
    comma = "," if lang in {"de", "en"} else ""
    return f"{day_name(day, lang)}{comma} {day_and_month(day, lang)} {day.year}"


def in_figures(day: date, lang: str) -> str:
    """Day, month and year in figures, as written in that language."""
    return f"{day:%d.%m.%Y}" if lang == "de" else f"{day:%d/%m/%Y}"


_WORDED: dict[str, Callable[[date, str], str]] = {
    "long": in_full,
    "short": day_and_month,
    "day": day_name,
    "num": in_figures,
}


def written(day: date, form: str) -> str:
    """`day` in a form such as `de_long`, `en_day`, `fr_short`, `iso`, `stamp` or `year`.

    Raises KeyError for an unknown form.
    """
    plain = {"iso": "%Y-%m-%d", "stamp": "%Y%m%d", "year": "%Y"}
    if form in plain:
        return day.strftime(plain[form])
    lang, _, kind = form.partition("_")
    return _WORDED[kind](day, lang)


def resolve(text: str, today: date, sent: date) -> str:
    """`text` with every placeholder replaced by its date."""

    def replace(match: re.Match[str]) -> str:
        origin, days, form = match.groups()
        base = today if origin == "today" else sent
        return written(base + timedelta(days=int(days or 0)), form)

    return _PLACEHOLDER.sub(replace, text)


def at_age(age: str, now: datetime) -> datetime:
    """The moment that lies `age` before `now` (aware), in now's zone; raises ValueError for another form.

    Hours stay within today: in the first half of the day they shrink, so that "6h" is never yesterday.
    """
    match = _AGE.fullmatch(age)
    if not match or not age:
        raise ValueError(f"no such age: {age}")
    hours, minutes, days, clock = match.groups()
    if days:
        return _at_clock(now.date() - timedelta(days=int(days)), clock, now.tzinfo)
    back = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    since_midnight = now - _at_clock(now.date(), "00:00", now.tzinfo)
    return now - back * min(1.0, since_midnight / _HALF_DAY)


def at_moment(moment: str, now: datetime) -> datetime:
    """`today+3 10:00` as an aware moment in now's zone; raises ValueError for another form."""
    match = _MOMENT.fullmatch(moment)
    if not match:
        raise ValueError(f"no such moment: {moment}")
    days, clock = match.groups()
    return _at_clock(now.date() + timedelta(days=int(days or 0)), clock, now.tzinfo)


def _at_clock(day: date, clock: str, zone: tzinfo | None) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone)
