"""Whole mails through the step of the pipeline."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.mime.parsed import Address, Parsed
from mail.pipeline import Incoming, ReaderContext
from mail.triage.verdict import step, verdict
from tests.mail.triage.writing import ALICE, TUESDAY, ZURICH, codes, incoming, judged, reader_at

BULK = {"list-unsubscribe": "<https://shop.example/off>"}


@pytest.mark.parametrize(
    ("text", "others", "cell"),
    [
        ("Hoi Alice\n\nKönntest du mir die Zahlen bis Donnerstag schicken?", {}, (3, 2)),
        ("Hi Alice,\n\ncould you take a look? No rush.", {}, (2, 2)),
        ("Please pay CHF 4'210.00, invoice attached, by 30 September 2026.", {}, (1, 3)),
        ("Das Haus brennt, ruf sofort an, bitte!", {}, (3, 2)),
        ("Wir waren am See, es war schön.", {}, (1, 2)),
        ("Nur noch heute: 50 % Rabatt, bitte sofort bestellen!", {"headers": BULK}, (1, 1)),
        ("Priya, can you send it today?", {"to": "p@other.example", "cc": ALICE}, (1, 2)),
        ("I am away until Tuesday.", {"headers": {"auto-submitted": "auto-replied"}}, (1, 1)),
        ("Production is down, customers cannot order.", {"sender": "alerts@firm.example"}, (3, 3)),
    ],
)
def test_a_mail_lands_in_its_cell(text: str, others: dict[str, Any], cell: tuple[int, int]) -> None:
    made = judged(text, **others)
    assert (made.urgency, made.importance) == cell


def test_spam_is_filed_whatever_it_threatens() -> None:
    made = judged(
        "Verify your account by tomorrow or it is closed. Click here.", headers={"x-spam-flag": "YES"}
    )
    assert (made.spam, made.urgency, made.importance, made.category) == (True, 1, 1, "archive")


def test_a_filters_hint_alone_makes_no_spam() -> None:
    assert not judged("Lunch on Friday?", headers={"x-spam-flag": "YES"}).spam


def test_the_deadline_is_the_end_of_its_day() -> None:
    assert judged("Bitte bis Donnerstag antworten.").deadline == datetime(2026, 1, 15, 23, 59, tzinfo=ZURICH)


def test_a_mail_climbs_as_its_deadline_comes_nearer() -> None:
    mail = incoming("Please send the form by 13 February 2026.")
    seen = {}
    for days in (0, 16, 17, 28, 29, 40):
        made = verdict(mail, reader_at(TUESDAY + timedelta(days)))
        seen[days] = (made.urgency, made.rises_at and made.rises_at.date().isoformat())
    assert seen == {
        0: (1, "2026-01-30"),
        16: (1, "2026-01-30"),
        17: (2, "2026-02-11"),
        28: (2, "2026-02-11"),
        29: (3, None),
        40: (3, None),
    }


def test_a_mail_that_presses_nobody_never_rises() -> None:
    assert judged("Please send it by 13 February.", to="bob@other.example", cc=ALICE).rises_at is None


def test_a_later_deadline_says_more_than_an_urgent_word() -> None:
    assert judged("Dringend: bitte bis 20. Januar antworten.").urgency == 2


def test_contributions_add_up_to_the_verdict() -> None:
    made = judged("Bitte den Arbeitsvertrag bis 20. Januar unterschreiben.")
    assert {"request", "deadline-soon", "direct"} <= codes(made.contributions, "urgency")
    assert "contract" in codes(made.contributions, "importance")
    assert (made.urgency, made.importance, made.category) == (2, 3, "action")


def test_the_step_fills_in_the_whole_batch() -> None:
    mails = [incoming("Please call me tomorrow."), incoming(""), incoming("ok danke!")]
    step(mails, reader_at())
    assert [mail.verdict.urgency for mail in mails] == [3, 1, 1]


PIECES = [
    "bis",
    "by",
    "within",
    "31.01.2026",
    "31.",
    "€",
    "chf",
    "1'000",
    "?",
    ">",
    "-----",
    "¶",
    "\x00",
    "\ud800",
]
PIECES += [
    "in",
    "99999999999999999999",
    "tagen",
    "next",
    "week",
    "alice",
    "@",
    "٣",
    "²",
    "morgen",
    "May",
    "\n\n",
]
texts = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))
lines = st.dictionaries(
    st.sampled_from(["precedence", "list-id", "auto-submitted", "x-spam-flag", "x-mailer", "content-class"]),
    st.tuples(texts),
)
people = st.lists(st.builds(Address, st.text(max_size=20), st.text(max_size=20)), max_size=3).map(tuple)
mails = st.builds(
    Incoming,
    uid=st.just(1),
    raw=st.just(b""),
    flags=st.just(frozenset()),
    received_at=st.datetimes(timezones=st.just(UTC)),
    size=st.just(1),
    role=st.just("inbox"),
    parsed=st.builds(
        Parsed,
        subject=texts,
        text=texts,
        headers=lines,
        senders=people,
        reply_to=people,
        to=people,
        cc=people,
    ),
)


@settings(max_examples=300, deadline=None)
@given(batch=st.lists(mails, max_size=3), names=st.lists(st.text(max_size=9), max_size=2).map(tuple))
def test_no_mail_stops_the_batch(batch: list[Incoming], names: tuple[str, ...]) -> None:
    step(batch, ReaderContext(frozenset({ALICE, ""}), names, ZURICH, TUESDAY))
    for made in (mail.verdict for mail in batch):
        assert made.urgency in (1, 2, 3)
        assert made.importance in (1, 2, 3)
        assert made.category in ("action", "info", "archive")
        assert all(len(one.words) < 1000 for one in made.contributions)


def test_triage_imports_nothing_that_is_not_pure() -> None:
    for path in Path("mail/triage").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {name for name in names if name.split(".")[0] in {"django", "celery", "redis"}}, path
