"""Spans of time in words."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from accounts import durations


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 days"),
    ],
)
def test_a_span_has_one_unit(seconds: float, words: str) -> None:
    assert durations.span(seconds) == words


def test_before_and_after_now() -> None:
    now = timezone.now()
    assert durations.ago(now - timedelta(seconds=20)) == "just now"
    assert durations.ago(now - timedelta(seconds=130)) == "2 min ago"
    assert durations.ahead(now - timedelta(seconds=1)) == "now"
    assert durations.ahead(now + timedelta(seconds=130)) == "in 2 min"


def test_german_days_have_their_cases() -> None:
    now, three_days = timezone.now(), timedelta(days=3, hours=1)
    with translation.override("de"):
        assert durations.span(three_days.total_seconds()) == "3 Tage"
        assert durations.ago(now - three_days) == "vor 3 Tagen"
        assert durations.ahead(now + three_days) == "in 3 Tagen"
        assert durations.ago(now - timedelta(seconds=130)) == "vor 2 min"


def test_a_moment_is_told_by_the_readers_clock() -> None:
    zone = ZoneInfo("Europe/Zurich")
    with timezone.override(zone), translation.override("en"):
        assert durations.moment(timezone.localtime().replace(hour=23, minute=10)) == "today, 23:10"
        assert durations.moment(datetime(2020, 3, 9, 7, 5, tzinfo=zone)) == "March 9, 07:05"
