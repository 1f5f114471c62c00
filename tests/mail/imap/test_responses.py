"""FETCH responses, dates, flags and sets."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.imap.responses import (
    FetchItems,
    expand_set,
    is_fetch,
    read_date,
    read_fetch,
    read_flags,
    sequence_sets,
)

DATE = b"17-Nov-2026 10:00:00 +0100"


def test_the_usual_form():
    pieces = [
        b'* 5 FETCH (UID 50 FLAGS (\\Seen $x) RFC822.SIZE 3 INTERNALDATE "%b" BODY[] ' % DATE,
        b"abc",
        b")",
    ]
    assert read_fetch(pieces) == FetchItems(50, b"\\Seen $x", DATE, 3, b"abc")


@pytest.mark.parametrize(
    "pieces",
    [
        [b"* 5 FETCH (BODY[] ", b"abc", b' RFC822.SIZE 3 FLAGS (\\Seen $x) INTERNALDATE "%b" UID 50)' % DATE],
        [b'* 5 fetch (uid 50 flags (\\Seen $x) internaldate "%b" rfc822.size 3 body[] ' % DATE, b"abc", b")"],
        [b'* 5 FETCH (UID 50 FLAGS (\\Seen $x) INTERNALDATE "%b" RFC822.SIZE 3 BODY[] "abc")' % DATE],
        [
            b'* 5 FETCH (X-ODD (a (b "c)" (d))) UID 50 MODSEQ (9) FLAGS (\\Seen $x) INTERNALDATE "%b" '
            b"RFC822.SIZE 3 BODY[]<0> " % DATE,
            b"abc",
            b" )",
        ],
        [
            b"* 5 FETCH (X-ODD ",
            b'") UID 1 (',
            b' UID 50 FLAGS (\\Seen $x) INTERNALDATE "%b" RFC822.SIZE 3 BODY[] ' % DATE,
            b"abc",
            b")",
        ],
    ],
)
def test_other_lawful_forms_say_the_same(pieces):
    assert read_fetch(pieces) == FetchItems(50, b"\\Seen $x", DATE, 3, b"abc")


def test_a_header_counts_as_the_body_asked_for():
    assert read_fetch([b"* 1 FETCH (UID 1 BODY[HEADER] ", b"A: b\r\n\r\n", b")"]).body == b"A: b\r\n\r\n"
    pieces = [b"* 1 FETCH (BODY[HEADER.FIELDS (DATE TO)] ", b"x", b" UID 1)"]
    assert read_fetch(pieces) == FetchItems(uid=1)


def test_missing_fields_are_none():
    assert read_fetch([b"* 5 FETCH (UID 50)"]) == FetchItems(uid=50)
    assert read_fetch([b"* 5 FETCH (FLAGS ())"]) == FetchItems(flags=b"")
    assert read_fetch([b"* 5 FETCH (UID 5 BODY[] NIL INTERNALDATE NIL)"]) == FetchItems(uid=5)


@pytest.mark.parametrize(
    "line",
    [
        b"* 5 FETCH (UID 50",
        b"* 5 FETCH (UID 50 FLAGS (\\Seen)",
        b"* 5 FETCH (UID)",
        b"* 5 FETCH (UID x)",
        b"* 5 FETCH (UID 99999999999999999999)",
        b"* 5 FETCH (RFC822.SIZE -1 UID 2)",
        b'* 5 FETCH (UID 5 INTERNALDATE "x)',
        b"* 5 FETCH ((UID 5))",
        b"* 5 FETCH (" + b"(" * 100_000,
        b"* 5 EXISTS",
    ],
)
def test_nonsense_raises_one_kind_of_error(line):
    with pytest.raises(ValueError, match=r"."):
        read_fetch([line])


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_any_bytes_are_read_or_raise_that_error(tails):
    pieces = [b"* 1 FETCH (" + tails[0], *tails[1:]]
    try:
        items = read_fetch(pieces)
    except ValueError:
        return
    assert isinstance(items, FetchItems)


def test_only_fetch_is_fetch():
    assert is_fetch([b"* 5 FETCH (UID 5)"]) is True
    assert is_fetch([b"* OK 5 FETCH (UID 5)"]) is False
    assert is_fetch([b"* 5 EXISTS"]) is False


def test_dates_are_read_into_utc():
    assert read_date(b"17-Jul-1996 02:44:25 -0730") == datetime(1996, 7, 17, 10, 14, 25, tzinfo=UTC)
    assert read_date(b" 1-Jan-2026 00:00:00 +0100") == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert read_date(b"1-jan-2026 00:00:00 +0000") == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"NIL",
        b"31-Feb-2026 00:00:00 +0000",
        b"00-Jan-2026 00:00:00 +0000",
        b"01-Foo-2026 00:00:00 +0000",
        b"01-Jan-0001 00:00:00 +0000",
        b"31-Dec-9999 23:59:59 -2359",
        b"01-Jan-2026 25:00:00 +0000",
        b"01-Jan-2026 00:00:00 +9999",
        b"01-Jan-2026 00:00:00",
        b"99999999999999999999-Jan-2026 00:00:00 +0000",
        "٠١-Jan-2026 00:00:00 +0000".encode(),
        b"\xff\xfe",
    ],
)
def test_a_date_that_is_none_is_none(raw):
    assert read_date(raw) is None


def test_flags_are_text_that_can_be_stored():
    assert read_flags(b"\\SEEN \\Recent $Work \\flagged") == {"\\Seen", "$Work", "\\Flagged"}
    assert read_flags(b"a\0b \xff c\xc3\xa4") == {"ab", "\ufffd", "cä"}
    assert read_flags(b"") == frozenset()
    assert len(read_flags(b" ".join(b"f%d" % n for n in range(10_000)))) == 100
    assert max(map(len, read_flags(b"x" * 5000))) == 100


def test_sets_are_written_as_ranges():
    assert list(sequence_sets([5, 1, 2, 3, 9, 2])) == [(b"1:3,5,9", [1, 2, 3, 5, 9])]
    assert list(sequence_sets([])) == []


@given(st.sets(st.integers(1, 0xFFFFFFFF), max_size=300), st.integers(22, 200))
def test_sets_name_every_uid_once_and_stay_short(uids, max_bytes):
    made = list(sequence_sets(uids, max_bytes))
    assert [uid for _, named in made for uid in named] == sorted(uids)
    for text, named in made:
        assert len(text) <= max_bytes
        assert expand_set(text, 1, 0xFFFFFFFF) == named


@pytest.mark.parametrize("uid", [0, -1, 0x1_0000_0000])
def test_what_is_no_uid_is_not_sent(uid):
    with pytest.raises(ValueError, match="not a UID"):
        list(sequence_sets([uid]))


def test_a_set_is_expanded_inside_its_bounds_only():
    assert expand_set(b"1:4294967295", 10, 13) == [10, 11, 12, 13]
    assert expand_set(b"9:7,1", 1, 8) == [1, 7, 8]


@pytest.mark.parametrize("text", [b"", b"1,,2", b"a", b"1:", b":5", b"1:*", b"1:2:3"])
def test_what_is_no_set_raises(text):
    with pytest.raises(ValueError, match=r"."):
        expand_set(text, 1, 10)


@pytest.mark.parametrize("text", [b"1:4294967295", b",".join([b"1:1000000"] * 5)])
def test_a_set_that_names_too_many_raises(text):
    with pytest.raises(ValueError, match="more UIDs"):
        expand_set(text, 1, 0xFFFFFFFF)
