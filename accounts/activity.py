"""The reader's security events, a page at a time.

A page begins where the last one ended (a keyset). Its cursor is `MICROSECONDS-ID`: when the event was noted,
counted from 1970, and the event's id.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet

from accounts.eventtexts import FAILURES
from accounts.models import SecurityEvent

PAGE = 50

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_CURSOR = re.compile(r"([0-9]{1,16})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The end of a page: what is older than it comes next, or what is newer."""

    at: datetime
    pk: int
    older: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Events, newest first; `older` and `newer` are cursors, "" where nothing is."""

    events: list[SecurityEvent]
    older: str
    newer: str


def read_cursor(values: Mapping[str, str]) -> Cursor | None:
    """`before` or `after` of an address; None where the list begins. Raises BadRequest."""
    name = next((name for name in ("before", "after") if values.get(name)), None)
    if name is None:
        return None
    found = _CURSOR.fullmatch(values[name])
    if not found:
        raise BadRequest("no cursor")
    return Cursor(_EPOCH + int(found[1]) * _MICROSECOND, int(found[2]), name == "before")


def page(owner: int, cursor: Cursor | None, *, only_failures: bool = False, size: int = PAGE) -> Page:
    """One page, by one query."""
    mine = SecurityEvent.objects.for_user(owner)
    events = mine.filter(kind__in=FAILURES) if only_failures else mine
    if cursor is None or cursor.older:
        found = list(_older(events, cursor)[: size + 1])
        return _page(found[:size], newer=cursor is not None, older=len(found) > size)
    found = list(_newer(events, cursor)[: size + 1])
    return _page(found[:size][::-1], newer=len(found) > size, older=True)


def _older(events: QuerySet[SecurityEvent], cursor: Cursor | None) -> QuerySet[SecurityEvent]:
    if cursor:
        # The second condition is what the index walks to; the first settles events of one moment.
        events = events.filter(Q(at__lt=cursor.at) | Q(pk__lt=cursor.pk), at__lte=cursor.at)
    return events.order_by("-at", "-pk")


def _newer(events: QuerySet[SecurityEvent], cursor: Cursor) -> QuerySet[SecurityEvent]:
    after = events.filter(Q(at__gt=cursor.at) | Q(pk__gt=cursor.pk), at__gte=cursor.at)
    return after.order_by("at", "pk")


def _page(events: list[SecurityEvent], *, newer: bool, older: bool) -> Page:
    if not events:
        return Page([], "", "")
    return Page(events, _text(events[-1]) if older else "", _text(events[0]) if newer else "")


def _text(event: SecurityEvent) -> str:
    return f"{(event.at - _EPOCH) // _MICROSECOND}-{event.pk}"
