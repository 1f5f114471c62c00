"""Mails come out of an mbox byte for byte, in whatever pieces it is read."""

import mailbox
import random
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from mailhelper.leaving.mbox import NOBODY, NoMbox, Splitter, write_entry
from tests.corpus import real_mails

AT = datetime(2026, 11, 3, 9, 30, 1, tzinfo=UTC)
HARD = [
    b"",
    b"\n",
    b"From ",
    b"From me to you\n",
    b"Subject: a\n\nFrom here\n>From there\n>>From >From\nNo From \n From too\n",
    b"no line end",
    b"Subject: a\r\n\r\nFrom here\r\n",
    b"\n\n\n",
    b"bare\rFrom cr\r",
    b"nul \0 and \xff",
    b"end\n\nFrom ",
]


def split(text: bytes, dice: random.Random | None = None, largest: int = 10**6) -> list[bytes | None]:
    splitter, found = Splitter(largest), []
    while text:
        size = dice.randrange(1, 40) if dice else len(text)
        piece, text = text[:size], text[size:]
        found += splitter.feed(piece)
    return [entry.raw for entry in [*found, *splitter.end()]]


def whole(mails: list[bytes]) -> bytes:
    return b"".join(write_entry("erika@example.net", AT, raw) for raw in mails)


def test_each_mail_comes_out_as_it_went_in() -> None:
    assert split(whole(HARD)) == HARD


def test_pieces_of_any_size_make_no_difference() -> None:
    dice = random.Random(7)
    for _ in range(50):
        mails = [dice.choice(HARD) for _ in range(20)]
        assert split(whole(mails), dice) == mails


def test_real_mails_come_out_as_they_went_in() -> None:
    mails = list(real_mails())
    assert split(whole(mails)) == mails


def test_others_read_the_same(tmp_path: Path) -> None:
    """Python's own reader knows the format, but no quoting: mails without a line that begins with From."""
    quoted = re.compile(rb"^>*From ", re.MULTILINE)
    mails = [raw for raw in real_mails() if not quoted.search(raw) and raw.endswith(b"\n")][:100]
    assert len(mails) == 100
    (tmp_path / "x.mbox").write_bytes(whole(mails))
    box = mailbox.mbox(tmp_path / "x.mbox")
    assert [box.get_bytes(key) for key in box.keys()] == mails  # noqa: SIM118  (a mailbox is no dict)


def test_the_first_line_is_that_of_the_rfc() -> None:
    later = AT.astimezone(timezone(timedelta(hours=2)))
    assert write_entry("a@b.example", later, b"x\n") == b"From a@b.example Tue Nov  3 09:30:01 2026\nx\n\n"
    for sender in ("", "two words", "line\nend", "müller@example.net", "x" * 400):
        assert write_entry(sender, AT, b"").startswith(f"From {NOBODY} ".encode())


def test_the_time_comes_out_too() -> None:
    [entry] = Splitter(100).feed(whole([b"a", b"b"]))
    assert entry.at == AT
    [entry] = list(Splitter(100).feed(b"From x Tue Nov 99 09:30:01 2026\nx\n\nFrom "))
    assert entry.at is None


def test_a_mail_that_is_too_large_is_told_and_held_no_longer() -> None:
    splitter = Splitter(1000)
    held, found = 0, []
    text = whole([b"a\n", b"x" * 50_000, b"b\n", b"From \n" * 160, b"y" * 1001])
    for start in range(0, len(text), 100):
        found += splitter.feed(text[start : start + 100])
        held = max(held, len(splitter._held))
    found += splitter.end()
    assert [entry.raw for entry in found] == [b"a\n", None, b"b\n", b"From \n" * 160, None]
    assert held < 4000


@pytest.mark.parametrize(
    "text", [b"x", b"\nFrom a", b"Subject: a\n\nb\n", b"From a", b"From\n", b"From a\nb"]
)
def test_other_bytes_are_no_mbox(text: bytes) -> None:
    with pytest.raises(NoMbox):
        split(text)
