"""Dates as people write them. The mails come on Tuesday 13 January 2026."""

from datetime import date, datetime

import pytest

from mail.triage.dates import MOST, find_dates
from tests.mail.triage.writing import ZURICH, reading

GERMAN: list[tuple[str, str | None]] = [
    ("bis Donnerstag", "2026-01-15"),
    ("bis am Freitagabend", "2026-01-16"),
    ("bis Dienstag", "2026-01-20"),
    ("heute Dienstag", "2026-01-13"),
    ("noch heute", "2026-01-13"),
    ("bis morgen 7.30", "2026-01-14"),
    ("bis übermorgen", "2026-01-15"),
    ("bis uebermorgen", "2026-01-15"),
    ("am 31.01.2026", "2026-01-31"),
    ("am 31.1.", "2026-01-31"),
    ("am 3. 2. 2026", "2026-02-03"),
    ("am 31.01.26", "2026-01-31"),
    ("bis 2. Februar", "2026-02-02"),
    ("bis zum 2. Februar 2027", "2027-02-02"),
    ("bis spätestens Dienstag, 10. Februar", "2026-02-10"),
    ("in 3 Tagen", "2026-01-16"),
    ("innert zehn Tagen", "2026-01-23"),
    ("innerhalb von 2 Wochen", "2026-01-27"),
    ("innerhalb von 48 Stunden", "2026-01-15"),
    ("in einer Stunde", "2026-01-13"),
    ("bis Ende Woche", "2026-01-16"),
    ("Freitag nächster Woche", "2026-01-23"),
    ("nächsten Freitag", "2026-01-23"),
    ("Mitte nächster Woche", "2026-01-23"),
    ("bis Ende Monat", "2026-01-31"),
    ("bis 16 Uhr", "2026-01-13"),
    ("Guten Morgen Alice", None),
    ("am Morgen", None),
    ("Version 8.3.1", None),
    ("von 10.0.0.17", None),
    ("um 17.30 Uhr", None),
    ("am 31.02.2026", None),
    ("vor zwei Jahren", None),
]
ENGLISH: list[tuple[str, str | None]] = [
    ("by Thursday", "2026-01-15"),
    ("by end of day tomorrow", "2026-01-14"),
    ("the day after tomorrow", "2026-01-15"),
    ("this afternoon", "2026-01-13"),
    ("tonight", "2026-01-13"),
    ("by EOD", "2026-01-13"),
    ("by Jan 31", "2026-01-31"),
    ("by January 31st, 2026", "2026-01-31"),
    ("on 31 January 2026", "2026-01-31"),
    ("the 2nd of February", "2026-02-02"),
    ("due 2026-01-31", "2026-01-31"),
    ("by 31/01/2026", "2026-01-31"),
    ("by Friday next week", "2026-01-23"),
    ("next Friday", "2026-01-23"),
    ("by Fri", "2026-01-16"),
    ("on Thursday, 29 January", "2026-01-29"),
    ("within 24 hours", "2026-01-14"),
    ("in 3 days", "2026-01-16"),
    ("two days left", "2026-01-15"),
    ("within two weeks", "2026-01-27"),
    ("by the end of the month", "2026-01-31"),
    ("by the end of the week", "2026-01-16"),
    ("by 5 pm", "2026-01-13"),
    ("before 11:00", "2026-01-13"),
    ("last paid in May", None),
    ("the sun may shine", None),
    ("in 400 pages", None),
]
OTHERS: list[tuple[str, str | None]] = [
    ("avant vendredi", "2026-01-16"),
    ("d'ici au 22 janvier", "2026-01-22"),
    ("demain", "2026-01-14"),
    ("dans 3 jours", "2026-01-16"),
    ("le 1er février", "2026-02-01"),
    ("entro giovedì", "2026-01-15"),
    ("entro il 22 gennaio", "2026-01-22"),
    ("domani", "2026-01-14"),
    ("entro 3 giorni", "2026-01-16"),
]


@pytest.mark.parametrize(("words", "day"), GERMAN + ENGLISH + OTHERS)
def test_a_date_is_resolved_against_the_day_received(words: str, day: str | None) -> None:
    found = {one.day for one in find_dates(reading(f"Xyz {words} xyz."))}
    assert found == ({date.fromisoformat(day)} if day else set())


def test_a_date_without_a_year_lies_in_the_next_one_when_this_years_is_long_past() -> None:
    december = reading("bis 5. Januar", received=datetime(2026, 12, 20, 8, tzinfo=ZURICH))
    assert [one.day for one in find_dates(december)] == [date(2027, 1, 5)]


def test_a_date_is_found_where_its_words_stand() -> None:
    made = reading("Please answer by 31 January 2026, thanks.")
    (one,) = find_dates(made)
    assert made.flat[one.start : one.end] == "31 january 2026"


def test_no_more_dates_are_looked_at_than_the_limit() -> None:
    assert len(find_dates(reading("31.01.2026 " * 1500))) == MOST
