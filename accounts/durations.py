"""Spans of time in few words, in the reader's language."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def span(seconds: float) -> str:
    """ "12 s", "3 min", "2 h", "4 days"."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return _("{n} s").format(n=whole)
    if whole < _HOUR:
        return _("{n} min").format(n=whole // _MINUTE)
    days = _days(whole)
    if not days:
        return _("{n} h").format(n=whole // _HOUR)
    return ngettext("{n} day", "{n} days", days).format(n=days)


def ago(at: datetime) -> str:
    """ "just now", "2 min ago", "4 days ago"."""
    seconds = (timezone.now() - at).total_seconds()
    if seconds < _MINUTE:
        return _("just now")
    days = _days(seconds)
    if days:  # words have cases in some languages, unlike units
        return ngettext("{n} day ago", "{n} days ago", days).format(n=days)
    return _("{span} ago").format(span=span(seconds))


def ahead(at: datetime) -> str:
    """ "now", "in 3 min", "in 4 days"."""
    seconds = (at - timezone.now()).total_seconds()
    if seconds <= 0:
        return _("now")
    days = _days(seconds)
    if days:
        return ngettext("in {n} day", "in {n} days", days).format(n=days)
    return _("in {span}").format(span=span(seconds))


def moment(at: datetime) -> str:
    """ "today, 23:10", or the date and the time, as the reader's clock shows them."""
    local = timezone.localtime(at)
    time = f"{local:%H:%M}"
    if local.date() == timezone.localdate():
        return _("today, {time}").format(time=time)
    return _("{date}, {time}").format(date=date_format(local, "MONTH_DAY_FORMAT"), time=time)


def day(at: datetime) -> str:
    """ "Friday, 27 November, 14:05": a moment in the days ahead."""
    local = timezone.localtime(at)
    date = date_format(local, "MONTH_DAY_FORMAT")
    return _("{weekday}, {date}, {time}").format(
        weekday=date_format(local, "l"), date=date, time=f"{local:%H:%M}"
    )


def clock(at: datetime) -> str:
    """ "17:05"."""
    return f"{timezone.localtime(at):%H:%M}"


def _days(seconds: float) -> int:
    """Whole days, 0 where hours say it better."""
    return int(seconds) // _DAY if seconds >= 2 * _DAY else 0
