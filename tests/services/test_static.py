"""Static files are collected when they changed, and not at every start."""

from pathlib import Path

import pytest

from mailhelper.services import static


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(static, "ROOT", tmp_path)
    monkeypatch.setattr(static, "STAMP", tmp_path / ".cache" / "static")
    monkeypatch.setattr(static, "COLLECTED", tmp_path / "staticfiles" / "staticfiles.json")
    for name in ("static/css/base.css", "staticfiles/staticfiles.json", ".venv/installed.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    return tmp_path


def test_they_are_collected_once() -> None:
    assert not static.is_collected()
    static.note(static.fingerprint())
    assert static.is_collected()


@pytest.mark.parametrize("name", ["static/css/base.css", "static/css/new.css", ".venv/installed.json"])
def test_a_change_is_noticed(checkout: Path, name: str) -> None:
    static.note(static.fingerprint())
    (checkout / name).write_text("{ }")
    assert not static.is_collected()


def test_what_was_removed_is_collected_again(checkout: Path) -> None:
    static.note(static.fingerprint())
    (checkout / "staticfiles" / "staticfiles.json").unlink()
    assert not static.is_collected()
