import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.preview import preview


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("Hello\n\n  you", "Hello you"),
        ("> quoted\nmine", "mine"),
        ("On Mon, 1 Jan 2026, Alice wrote:\n> quoted\n\nmine", "mine"),
        ("Am 1.1.2026 um 10:00 schrieb Alice Beispiel <a@b.example>:\n> zitiert\nmeins", "meins"),
        ("words\n-- \nAlice\nTel. 1", "words"),
        ("-- \nonly a signature", "only a signature"),
        ("=====\n*****\nNews", "News"),
        ("See https://x.example/a?b=c now", "See now"),
        ("> all\n> quoted", "all quoted"),
        ("-----Original Message-----\nFrom: x", "-----Original Message----- From: x"),
        ("thanks\n-----Original Message-----\nFrom: x", "thanks"),
    ],
)
def test_the_first_meaningful_words_are_shown(text, words):
    assert preview(text) == words


def test_it_is_cut_at_a_word():
    assert preview("one two three four", 12) == "one two…"
    assert preview("x" * 50, 10) == "x" * 9 + "…"


@given(st.text(), st.integers(1, 200))
def test_it_is_one_line_of_bounded_length(text, length):
    words = preview(text, length)
    assert len(words) <= length
    assert len(words.splitlines()) <= 1
