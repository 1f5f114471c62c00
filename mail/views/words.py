"""Moments and lengths of time in few words, in the reader's language and time zone."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, pgettext

PRESSING_DAYS = 2
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_WEEK = 7


def age(moment: datetime, now: datetime) -> str:
    """How long ago, for a column that is scanned: "now", "5 min", "2 h", "3 d", "11 Jun", "Jun 2019"."""
    seconds = int((now - moment).total_seconds())
    if seconds < _MINUTE:
        return pgettext("age of a mail", "now")
    if seconds < _HOUR:
        return gettext("%(n)d min") % {"n": seconds // _MINUTE}
    if seconds < _DAY:
        return gettext("%(n)d h") % {"n": seconds // _HOUR}
    if seconds < _WEEK * _DAY:
        days = seconds // _DAY
        return ngettext("%(n)d d", "%(n)d d", days) % {"n": days}
    return day(moment, now)


def day(moment: datetime, now: datetime) -> str:
    """A day without its time: "11 Jun", of other years "Jun 2019"."""
    local, today = timezone.localtime(moment), timezone.localtime(now)
    if local.year == today.year or abs(local - today) < timedelta(days=90):
        return date_format(local, pgettext("date format: day and month", "j M"))
    return date_format(local, pgettext("date format: month and year", "M Y"))


def due(moment: datetime, now: datetime) -> str:
    """A deadline: "overdue", "today", "tomorrow", "Thu 12:00", "11 Jun"; with its time where it has one."""
    if moment < now:
        return gettext("overdue")
    local = timezone.localtime(moment)
    words = _day_ahead(local, now)
    return words if _is_whole_day(local) else f"{words} {_clock(local)}"


def due_in_words(moment: datetime, now: datetime) -> str:
    """The same in a sentence: "tomorrow, 12:00"."""
    local = timezone.localtime(moment)
    words = _day_ahead(local, now)
    return words if _is_whole_day(local) else f"{words}, {_clock(local)}"


def is_pressing(moment: datetime, now: datetime) -> bool:
    """Whether a deadline is today, tomorrow, the day after, or over."""
    return _days_ahead(moment, now) <= PRESSING_DAYS


def in_full(moment: datetime, now: datetime) -> str:
    """A moment as a letter's head gives it: "Tue 24 Nov, 09:12"."""
    local = timezone.localtime(moment)
    if local.year == timezone.localtime(now).year:
        return date_format(local, pgettext("date format: weekday, day, month, time", "D j M, H:i"))
    return date_format(local, pgettext("date format: weekday, day, month, year, time", "D j M Y, H:i"))


def _day_ahead(local: datetime, now: datetime) -> str:
    ahead = _days_ahead(local, now)
    if ahead == 0:
        return gettext("today")
    if ahead == 1:
        return gettext("tomorrow")
    if ahead < _WEEK:
        return date_format(local, "D")
    return day(local, now)


def _days_ahead(moment: datetime, now: datetime) -> int:
    return (timezone.localtime(moment).date() - timezone.localtime(now).date()).days


def _clock(local: datetime) -> str:
    return date_format(local, pgettext("date format: time", "H:i"))


def _is_whole_day(local: datetime) -> bool:
    """Deadlines that name no time end with their day."""
    return (local.hour, local.minute) == (23, 59)
