"""The bench of the sync runs, and what it prints holds together."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mailhelper.services.places import ROOT
from tests.servers.fixtures import require_dovecot

pytestmark = [pytest.mark.slow, pytest.mark.dovecot]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "bench/sync.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def require_mbsync() -> None:
    """Skip where there is no mbsync; with CI=true that is a failure."""
    if shutil.which("mbsync"):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("mbsync is missing: apt-get install isync")
    pytest.skip("mbsync is missing: apt-get install isync")


def test_it_measures_both_sides_and_opens_what_it_stored(tmp_path: Path) -> None:
    require_dovecot()
    require_mbsync()
    target = tmp_path / "figures.json"
    bench = run("--mails", "60", "--rounds", "1", "--json", str(target))
    assert bench.returncode == 0, bench.stderr
    assert "20 of 20 mails opened with the password, equal to the server's" in bench.stdout
    figures = json.loads(target.read_text())
    assert figures["mails"] == 60
    for side in ("ours", "mbsync"):
        assert figures[side]["mails_per_s"] > 0
        assert figures[side]["peak_mb"] > 0
        assert len(figures[side]["rounds"]) == 1


def test_it_refuses_a_mailbox_of_no_mails() -> None:
    bench = run("--mails", "0")
    assert bench.returncode == 2
    assert "a number above 0 is wanted" in bench.stderr
