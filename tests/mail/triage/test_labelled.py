"""The labelled mails: how often triage agrees with people. Figures are printed; floors guard them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mail.pipeline import Verdict
from mail.triage.verdict import verdict
from tests.mail.triage.writing import incoming, reader_at

LABELLED = Path(__file__).parent / "labelled.jsonl"
FLOORS = {"urgency": 0.93, "importance": 0.95, "category": 0.95, "spam": 0.98}
CELL_FLOOR = 0.92


def judged(row: dict[str, Any]) -> Verdict:
    """The verdict on a labelled mail at the moment it came."""
    headers = {name.lower(): value for name, value in row["headers"].items()}
    received = datetime.fromisoformat(row["received"])
    mail = incoming(
        row["body"],
        row["subject"],
        to=row["to"],
        cc=row["cc"],
        received=received,
        sender=row["from"],
        reply_to=row["headers"].get("Reply-To", ""),
        headers=headers,
    )
    return verdict(mail, reader_at(received, row["me"], "Alex Berger"))


@pytest.fixture(scope="module")
def pairs() -> list[tuple[dict[str, Any], Verdict]]:
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    return [(row["labels"], judged(row)) for row in rows]


@pytest.mark.parametrize("label", FLOORS)
def test_triage_agrees_with_people(pairs: list[tuple[dict[str, Any], Verdict]], label: str) -> None:
    right = sum(getattr(made, label) == labels[label] for labels, made in pairs) / len(pairs)
    print(f"{label}: {right:.1%} of {len(pairs)} mails")
    assert right >= FLOORS[label]


def test_triage_finds_the_cell_that_people_chose(pairs: list[tuple[dict[str, Any], Verdict]]) -> None:
    hits = [
        (made.urgency, made.importance) == (labels["urgency"], labels["importance"]) for labels, made in pairs
    ]
    print(f"cell: {sum(hits) / len(hits):.1%} of {len(hits)} mails")
    assert sum(hits) / len(hits) >= CELL_FLOOR
