"""Filters and cursors as they stand in an address."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import BadRequest
from hypothesis import given
from hypothesis import strategies as st

from mail import lists
from mail.lists import Filters
from mail.models import Email

numbers = st.none() | st.integers(0, 10**17)
levels = st.none() | st.sampled_from([1, 2, 3])


@given(
    st.builds(
        Filters, account=numbers, folder=numbers, unread=st.booleans(), urgency=levels, importance=levels
    )
)
def test_filters_are_read_as_they_were_written(filters: Filters) -> None:
    pairs = dict(pair.split("=") for pair in filters.query().split("&") if pair)
    assert lists.read_filters(pairs) == filters


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2500, 1, 1)),
    st.integers(1, 10**17),
)
def test_a_cursor_is_read_as_it_was_written(moment: datetime, pk: int) -> None:
    email = Email(pk=pk, received_at=moment.replace(tzinfo=UTC))
    cursor = lists.read_cursor({"before": lists.write_cursor(email)})
    assert cursor is not None
    assert (cursor.received_at, cursor.pk, cursor.older) == (email.received_at, pk, True)


@given(st.dictionaries(st.sampled_from(["account", "folder", "unread", "urgency", "importance"]), st.text()))
def test_any_text_is_understood_or_refused(values: dict[str, str]) -> None:
    try:
        lists.read_filters(values)
    except BadRequest:
        return


@given(st.text())
def test_any_cursor_is_understood_or_refused(value: str) -> None:
    try:
        lists.read_cursor({"before": value})
    except BadRequest:
        return


def test_a_cursor_beyond_all_time_is_refused() -> None:
    with pytest.raises(BadRequest):
        lists.read_cursor({"after": f"{10**18 - 1}-1"})
    assert timedelta(microseconds=10**18 - 1).days > 0
