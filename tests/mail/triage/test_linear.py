"""Hostile text costs no more than its length: bounded patterns, and calls counted as the text grows."""

import gc
import re
import re._constants as sre
import re._parser as parser
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from mail.triage import dates, reading, recipients, requests, scorer, spam, topics, vocabulary
from mail.triage.verdict import verdict
from tests.mail.triage.writing import incoming, reader_at

MODULES = (dates, reading, recipients, requests, scorer, spam, topics, vocabulary)
PATTERNS = [
    (f"{module.__name__}.{name}", value)
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
]
WIDEST = 60  # signs that any one pattern may cover


def repeats(tree: Any) -> Iterator[int]:
    """The upper bound of each repeat in a parsed pattern."""
    for node in tree:
        operation, argument = node
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            yield int(argument[1])
            yield from repeats(argument[2])
        elif operation is sre.BRANCH:
            for branch in argument[1]:
                yield from repeats(branch)
        elif operation is sre.SUBPATTERN:
            yield from repeats(argument[3])


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_every_pattern_covers_a_bounded_length(name: str, pattern: re.Pattern[str]) -> None:
    tree = parser.parse(pattern.pattern, pattern.flags)
    assert all(bound < sre.MAXREPEAT for bound in repeats(tree))
    assert tree.getwidth()[1] <= WIDEST


def calls(text: str) -> int:
    """How many calls, of Python and of C, a verdict takes."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    mail, reader = incoming(text), reader_at()
    verdict(mail, reader)
    gc.disable()  # others hang calls of their own on the collector
    sys.setprofile(note)
    try:
        verdict(mail, reader)
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


@pytest.mark.parametrize(
    "piece",
    [
        "31.01.2026 ",
        "bis ",
        "by 5 ",
        "? ",
        "€1'000 ",
        "monday ",
        "next week ",
        "> x\n",
        "-----\n",
        "1.",
        "a¶",
        "no rush ",
    ],
)
def test_twice_the_text_takes_at_most_twice_the_calls(piece: str) -> None:
    short = piece * (4_000 // len(piece))
    assert calls(short * 2) <= 2 * calls(short) + 50
    assert calls(short * 50) == calls(short * 100)
