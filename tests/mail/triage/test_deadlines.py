"""Which of a mail's dates counts, and what it adds."""

from datetime import date, timedelta

import pytest

from mail.triage.deadlines import ASKED, DUE, EVENT, Deadline, deadline, find_deadline, stage
from tests.mail.triage.writing import reading

TODAY = date(2026, 1, 13)

ROLES = [
    ("Ich brauche die Zahlen bis Donnerstag.", "2026-01-15", DUE),
    ("Zahlbar bis 15. Juni 2026.", "2026-06-15", DUE),
    ("Fällig am: 30.01.2026", "2026-01-30", DUE),
    ("Abholen bis: 20.01.2026", "2026-01-20", DUE),
    ("The report is due on 20 January.", "2026-01-20", DUE),
    ("They must arrive no later than 20 January.", "2026-01-20", DUE),
    ("Merci de répondre avant vendredi.", "2026-01-16", DUE),
    ("Da inviare entro giovedì.", "2026-01-15", DUE),
    ("Könntet ihr heute um 17.30 Tim mitnehmen?", "2026-01-13", ASKED),
    ("Please call me tomorrow.", "2026-01-14", ASKED),
    ("Ihr Termin: Donnerstag, 15. Januar", "2026-01-15", EVENT),
    ("Your appointment is on 15 January.", "2026-01-15", EVENT),
]
NOTHING = [
    "Bis Donnerstag!",
    "Wir haben uns am Freitag gut unterhalten.",
    "Seit Montag läuft alles.",
    "Free cancellation until January 20.",
    "Die Bewilligung vom 19. Februar 2026 liegt bei.",
    "The ticket was closed on 12 January.",
    "",
]

WORDS = [
    ("Hello Alex,\n\nplease answer today, so that I know.", "please answer today, so that I"),
    (
        "Schreibt mir bitte unbedingt bis morgen 10 Uhr, welche ihr wollt.",
        "bitte unbedingt bis morgen 10 Uhr",
    ),
    ("Zahlbar bis 15. Juni 2026.", "Zahlbar bis 15. Juni 2026"),
]


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_a_deadline_names_its_words_whole(text: str, words: str) -> None:
    found = find_deadline(reading(text))
    assert found is not None
    assert found.words == words.lower()


@pytest.mark.parametrize(("text", "day", "role"), ROLES)
def test_a_date_counts_by_its_role_in_the_sentence(text: str, day: str, role: str) -> None:
    found = find_deadline(reading(text))
    assert found is not None
    assert (found.day.isoformat(), found.role) == (day, role)


@pytest.mark.parametrize("text", NOTHING)
def test_a_date_in_passing_is_no_deadline(text: str) -> None:
    assert find_deadline(reading(text)) is None


def test_the_deadline_counts_before_the_event() -> None:
    found = find_deadline(reading("Das Fest ist am 30. Januar. Anmeldung bitte bis 20. Januar."))
    assert found is not None
    assert found.day == date(2026, 1, 20)


def test_a_deadline_in_the_subject_counts() -> None:
    found = find_deadline(
        reading("The new client is in the portal.", "Please update by Wednesday, 21 January")
    )
    assert found is not None
    assert found.day == date(2026, 1, 21)


def test_what_was_called_off_is_no_event() -> None:
    assert find_deadline(reading("Termin: Mittwoch, 14. Januar 2026", "Abgesagt: Sitzung")) is None


@pytest.mark.parametrize(
    ("left", "name"), [(-3, "near"), (0, "near"), (2, "near"), (3, "soon"), (14, "soon"), (15, "far")]
)
def test_a_deadline_comes_nearer_in_three_stages(left: int, name: str) -> None:
    assert stage(TODAY + timedelta(left), TODAY) == name


def test_an_appointment_presses_only_in_its_last_two_days() -> None:
    weights = {
        left: sum(one.weight for one in deadline(Deadline(TODAY + timedelta(left), EVENT, ""), TODAY))
        for left in (-1, 0, 2, 3)
    }
    assert weights == {-1: 0, 0: 5.0, 2: 5.0, 3: 0}
