"""What of a mail is looked at."""

from datetime import UTC, date, datetime

import pytest

from mail.triage.reading import BREAK, LIMIT, MANY_LIMIT, own_text, read
from tests.mail.triage.writing import TUESDAY, incoming, reader_at, reading


def test_quoted_text_is_left_out() -> None:
    assert own_text("ok\n\non monday bob wrote:\n> urgent!\n> now") == "ok\n"


@pytest.mark.parametrize("head", ["-----original message-----", "-------- ursprüngliche nachricht --------"])
def test_an_original_message_is_left_out_down_to_its_rule(head: str) -> None:
    text = f"above\n{head}\nvon: bob\nurgent\n{'-' * 30}\nbelow"
    assert own_text(text) == "above\nbelow"


def test_a_forwarded_message_stays() -> None:
    assert "for you" in own_text("fyi\n---------- forwarded message ----------\nfrom: bob\n\nfor you")


def test_a_mail_of_nothing_but_quotes_is_read_whole() -> None:
    assert own_text("> all\n> quoted") == "> all\n> quoted"


def test_paragraphs_and_line_ends_are_kept_apart() -> None:
    assert reading("One\r\ntwo\r\n\r\nthree", "Subject").flat == f"subject {BREAK} one two {BREAK} three"


def test_decomposed_letters_and_curly_signs_are_made_plain() -> None:
    assert reading("fu\u0308r don’t pass\u00adwort").flat.endswith("für don't passwort")


def test_only_the_first_part_of_a_long_text_is_looked_at() -> None:
    assert len(reading("word " * LIMIT).flat) <= LIMIT + len(BREAK) + 2


def test_of_mail_to_many_less_is_looked_at() -> None:
    assert len(reading("word " * LIMIT, headers={"precedence": "bulk"}).flat) <= MANY_LIMIT + len(BREAK) + 2


def test_the_day_received_is_the_readers() -> None:
    assert reading("", received=datetime(2026, 1, 13, 23, 30, tzinfo=UTC)).received == date(2026, 1, 14)


@pytest.mark.parametrize("year", [1, 9999])
def test_a_day_out_of_our_time_is_taken_as_today(year: int) -> None:
    mail = incoming("in 3 days", received=datetime(year, 1, 1, tzinfo=UTC))
    assert read(mail, reader_at()).received == TUESDAY.date()
