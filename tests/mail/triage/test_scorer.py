"""How contributions add up."""

from datetime import date, datetime, timedelta

import pytest

from mail.pipeline import Contribution, Verdict
from mail.triage import scorer
from tests.mail.triage.writing import ZURICH

TODAY = date(2026, 1, 13)


def of(target: str, *weights: float) -> list[Contribution]:
    """Contributions of some weights."""
    return [Contribution(target, "request", weight) for weight in weights]


@pytest.mark.parametrize(
    ("weights", "level"),
    [((), 1), ((0.9,), 1), ((1.0,), 2), ((1.5, 1.5, 0.5), 2), ((5.0,), 3), ((5.0, -9.0), 1)],
)
def test_urgency_is_a_sum(weights: tuple[float, ...], level: int) -> None:
    assert scorer.urgency(of("urgency", *weights) + of("importance", 9.0)) == level


@pytest.mark.parametrize(("weights", "level"), [((), 2), ((1.0,), 3), ((-1.5,), 1), ((1.0, -1.5), 2)])
def test_importance_is_a_sum_around_the_middle(weights: tuple[float, ...], level: int) -> None:
    assert scorer.importance(of("importance", *weights) + of("urgency", 9.0)) == level


def test_the_score_counts_urgency_twice() -> None:
    assert [Verdict(u, i).score for u in (1, 2, 3) for i in (1, 2, 3)] == [3, 4, 5, 5, 6, 7, 7, 8, 9]


@pytest.mark.parametrize(
    ("urgent", "important", "code", "category"),
    [
        (2, 1, "request", "action"),
        (3, 3, "request", "action"),
        (1, 3, "direct", "info"),
        (1, 2, "direct", "info"),
        (1, 2, "thanks", "archive"),
        (1, 2, "receipt", "archive"),
        (1, 3, "receipt", "info"),
        (1, 1, "direct", "archive"),
    ],
)
def test_the_category_follows(urgent: int, important: int, code: str, category: str) -> None:
    assert scorer.category(urgent, important, [Contribution("urgency", code, 0.0)]) == category


def test_a_task_beyond_two_weeks_is_an_act() -> None:
    ahead = [Contribution("urgency", "deadline-far", -1.5)]
    assert scorer.category(1, 3, ahead) == "action"
    assert scorer.category(1, 3, [*ahead, Contribution("urgency", "nothing-asked", -2.0)]) == "info"


@pytest.mark.parametrize(
    ("left", "days"), [(30, 16), (15, 1), (14, 12), (3, 1), (2, None), (0, None), (-1, None)]
)
def test_a_deadline_rises_at_midnight_two_weeks_and_two_days_ahead(left: int, days: int | None) -> None:
    midnight = datetime(2026, 1, 13, tzinfo=ZURICH) + timedelta(days) if days is not None else None
    assert scorer.rising(TODAY + timedelta(left), TODAY, ZURICH) == midnight


def test_a_stored_mail_rises_without_its_text() -> None:
    at = datetime(2026, 1, 13, tzinfo=ZURICH)
    assert scorer.risen(1, at) == (2, at + timedelta(12))
    assert scorer.risen(2, at) == (3, None)
    assert scorer.risen(3, at) == (3, None)
