"""Which mail a list shows, and which page of it: filters and cursors as they stand in an address.

A page begins where the last one ended (a keyset), so that the thousandth costs what the first does. Its
cursor is `MICROSECONDS-ID`: when the mail was received, counted from 1970, and the mail's id.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet

from mail.models import Email

PAGE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_CURSOR = re.compile(r"(-?[0-9]{1,18})-([0-9]{1,18})", re.ASCII)
_LEVELS = frozenset({1, 2, 3})


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. None and False let everything through."""

    account: int | None = None
    folder: int | None = None
    unread: bool = False
    urgency: int | None = None
    importance: int | None = None

    @property
    def by_cell(self) -> bool:
        """Whether a row, a column or a cell of the matrix is meant."""
        return self.urgency is not None or self.importance is not None

    def query(self, **more: str) -> str:
        """The same, to be put behind a question mark; empty where there is nothing to say."""
        pairs = {
            "account": self.account,
            "folder": self.folder,
            "unread": 1 if self.unread else None,
            "urgency": self.urgency,
            "importance": self.importance,
            **more,
        }
        return urlencode({name: value for name, value in pairs.items() if value is not None})

    def without_cell(self) -> "Filters":
        """The list of which this is one cell."""
        return replace(self, urgency=None, importance=None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two mails. `older` says on which side of it the page lies."""

    received_at: datetime
    pk: int
    older: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Mails, newest first, and whether there are more on either side."""

    emails: list[Email]
    has_newer: bool
    has_older: bool

    @property
    def older(self) -> str:
        """The cursor of the page that follows; empty at the end."""
        return write_cursor(self.emails[-1]) if self.has_older else ""

    @property
    def newer(self) -> str:
        """The cursor of the page before; empty at the beginning."""
        return write_cursor(self.emails[0]) if self.has_newer else ""


def read_filters(values: Mapping[str, str]) -> Filters:
    """The filters of an address. Raises BadRequest where one makes no sense."""
    return Filters(
        account=_number(values, "account"),
        folder=_number(values, "folder"),
        unread=_switch(values, "unread"),
        urgency=_level(values, "urgency"),
        importance=_level(values, "importance"),
    )


def read_cursor(values: Mapping[str, str]) -> Cursor | None:
    """`before` or `after` of an address; None where the list begins. Raises BadRequest."""
    for name, older in (("before", True), ("after", False)):
        if values.get(name):
            return _cursor(values[name], older)
    return None


def write_cursor(email: Email) -> str:
    """The place of a mail in a list."""
    return f"{(email.received_at - _EPOCH) // _MICROSECOND}-{email.pk}"


def page(emails: QuerySet[Email], cursor: Cursor | None, size: int = PAGE) -> Page:
    """One page of a list, by one query."""
    if cursor is None or cursor.older:
        found = list((older_than(emails, cursor) if cursor else newest_first(emails))[: size + 1])
        return Page(found[:size], cursor is not None and bool(found), len(found) > size)
    found = list(newer_than(emails, cursor)[: size + 1])
    return Page(found[:size][::-1], len(found) > size, bool(found))


def newest_first(emails: QuerySet[Email]) -> QuerySet[Email]:
    """In the order of every list."""
    return emails.order_by("-received_at", "-id")


def older_than(emails: QuerySet[Email], cursor: Cursor) -> QuerySet[Email]:
    """What lies behind a cursor, nearest first."""
    # The first condition is what the index walks to; the second settles mails of one moment.
    behind = Q(received_at__lt=cursor.received_at) | Q(id__lt=cursor.pk)
    return newest_first(emails.filter(behind, received_at__lte=cursor.received_at))


def newer_than(emails: QuerySet[Email], cursor: Cursor) -> QuerySet[Email]:
    """What lies before a cursor, nearest first."""
    before = Q(received_at__gt=cursor.received_at) | Q(id__gt=cursor.pk)
    return emails.filter(before, received_at__gte=cursor.received_at).order_by("received_at", "id")


def _number(values: Mapping[str, str], name: str) -> int | None:
    value = values.get(name, "")
    if not value:
        return None
    if not _NUMBER.fullmatch(value):
        raise BadRequest("a filter is no number")
    return int(value)


def _level(values: Mapping[str, str], name: str) -> int | None:
    level = _number(values, name)
    if level is not None and level not in _LEVELS:
        raise BadRequest("a filter is no level")
    return level


def _switch(values: Mapping[str, str], name: str) -> bool:
    value = values.get(name, "")
    if value not in ("", "0", "1"):
        raise BadRequest("a filter is neither on nor off")
    return value == "1"


def _cursor(value: str, older: bool) -> Cursor:
    found = _CURSOR.fullmatch(value)
    if not found:
        raise BadRequest("no cursor")
    try:
        received_at = _EPOCH + timedelta(microseconds=int(found[1]))
    except OverflowError:
        raise BadRequest("a cursor beyond all time") from None
    return Cursor(received_at, int(found[2]), older)
