"""Every reason that a detector can give has its phrase."""

import ast
from collections.abc import Iterator
from pathlib import Path

from mail.reasons import TEXTS
from mail.triage.topics import LIGHT, WEIGHTY

COMPUTED = {f"deadline-{stage}" for stage in ("near", "soon", "far")} | {
    f"{kind}-words" for kind in ("spam", "phishing")
}
COMPUTED |= {topic for topic, _ in (*WEIGHTY, *LIGHT)} | {"nothing-asked", "conditional"}


def written_codes() -> Iterator[str]:
    """The codes that stand in the detectors' source, as arguments of Contribution and mute."""
    for path in Path("mail/triage").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"Contribution": 1, "mute": 0}.get(node.func.id)
                if place is not None and isinstance(node.args[place], ast.Constant):
                    yield str(node.args[place].value)


def test_every_code_has_a_phrase_and_every_phrase_a_code() -> None:
    codes = set(written_codes()) | COMPUTED
    assert len(codes) > 40
    assert codes == set(TEXTS)


def test_phrases_are_short_and_end_without_a_stop() -> None:
    for code, text in TEXTS.items():
        assert 3 < len(str(text)) <= 40, code
        assert str(text)[-1].isalnum(), code
