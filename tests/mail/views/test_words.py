"""Moments in few words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from mail.views import words

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday


@pytest.fixture(autouse=True)
def in_zurich() -> Iterator[None]:
    with timezone.override(ZoneInfo("Europe/Zurich")), translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("back", "shown"),
    [
        (timedelta(seconds=-90), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=2, minutes=50), "2 h"),
        (timedelta(days=6, hours=23), "6 d"),
        (timedelta(days=8), "16 Nov"),
        (timedelta(days=700), "Dec 2024"),
    ],
)
def test_an_age_is_short(back: timedelta, shown: str) -> None:
    assert words.age(NOW - back, NOW) == shown


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 11, 23, 22, 59, tzinfo=UTC), "overdue"),
        (datetime(2026, 11, 24, 22, 59, tzinfo=UTC), "today"),
        (datetime(2026, 11, 25, 22, 59, tzinfo=UTC), "tomorrow"),
        (datetime(2026, 11, 26, 22, 59, tzinfo=UTC), "Thu"),
        (datetime(2026, 12, 3, 22, 59, tzinfo=UTC), "3 Dec"),
        (datetime(2027, 1, 5, 22, 59, tzinfo=UTC), "5 Jan"),
        (datetime(2027, 6, 5, 21, 59, tzinfo=UTC), "Jun 2027"),
    ],
)
def test_a_deadline_is_told_by_its_day(moment: datetime, shown: str) -> None:
    assert words.due(moment, NOW) == shown


def test_a_deadline_with_a_time_tells_it() -> None:
    noon = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
    assert words.due(noon, NOW) == "tomorrow 12:00"
    assert words.due_in_words(noon, NOW) == "tomorrow, 12:00"


def test_what_is_due_today_tomorrow_or_the_day_after_presses() -> None:
    ends = [datetime(2026, 11, day, 22, 59, tzinfo=UTC) for day in (20, 24, 26, 27)]
    assert [words.is_pressing(end, NOW) for end in ends] == [True, True, True, False]


def test_a_moment_in_full_is_of_the_readers_clock() -> None:
    assert words.in_full(datetime(2026, 11, 24, 8, 12, tzinfo=UTC), NOW) == "Tue 24 Nov, 09:12"
    assert words.in_full(datetime(2019, 6, 3, 8, 12, tzinfo=UTC), NOW) == "Mon 3 Jun 2019, 10:12"
