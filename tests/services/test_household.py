"""The children of bin/run: watched, stopped, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from mailhelper.services import household
from mailhelper.services.errors import ServiceError
from mailhelper.services.household import Household
from mailhelper.services.places import ROOT

STAYS = ["-c", "print('ready'); import time; time.sleep(600)"]
DEAF = [
    "-c",
    "import signal, time\n"
    "for number in (signal.SIGTERM, signal.SIGQUIT): signal.signal(number, signal.SIG_IGN)\n"
    "print('ready'); time.sleep(600)",
]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def until(is_so: Callable[[], bool]) -> bool:
    """Whether it comes true within half a minute."""
    end = time.monotonic() + 30
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    return is_so()


def test_a_child_that_ends_is_named_with_its_last_lines(tmp_path: Path) -> None:
    with Household(tmp_path, {}) as house:
        house.start("worker", STAYS)
        bad = house.start("first sync", ["-c", "print('no table'); raise SystemExit(3)"])
        bad.popen.wait()
        with pytest.raises(ServiceError) as raised:
            house.check()
    told = str(raised.value)
    assert told.startswith("The first sync has ended (exit code 3).")
    assert str(tmp_path / "first-sync.log") in told
    assert told.endswith("  no table")


def test_a_killed_child_is_told_by_its_signal(tmp_path: Path) -> None:
    with Household(tmp_path, {}) as house:
        child = house.start("beat", STAYS)
        child.popen.kill()
        child.popen.wait()
        with pytest.raises(ServiceError, match="signal SIGKILL"):
            house.check()


def test_waiting_ends_when_the_log_has_the_line_of_this_start(tmp_path: Path) -> None:
    (tmp_path / "demo.log").write_text("ready\n")
    with Household(tmp_path, {}) as house:
        child = house.start("demo", ["-c", "import time; time.sleep(0.5); print('ready'); time.sleep(600)"])
        assert not child.said("ready")
        house.wait_until("demo", lambda: child.said("ready"), 30)


def test_waiting_does_not_outlast_its_time(tmp_path: Path) -> None:
    with Household(tmp_path, {}) as house:
        house.start("web", STAYS)
        with pytest.raises(ServiceError, match="The web is not ready after 0 seconds"):
            house.wait_until("web", lambda: False, 0.1)


def test_leaving_stops_all_children_the_deaf_ones_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(household, "PATIENCE", 0.2)
    with Household(tmp_path, {}) as house:
        children = [house.start("mild", STAYS), house.start("deaf", DEAF)]
        for child in children:
            house.wait_until(child.name, lambda child=child: child.said("ready"), 30)  # type: ignore[misc]
    assert [child.popen.returncode for child in children] == [-signal.SIGTERM, -signal.SIGKILL]


def test_a_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from mailhelper.services.household import Household\n"
        f"child = Household(Path({str(tmp_path)!r}), {{}}).start('web', {STAYS!r})\n"
        "print(child.popen.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.kill()
    assert until(lambda: gone(pid))


def test_a_terminals_ctrl_c_does_not_reach_children_first(tmp_path: Path) -> None:
    with Household(tmp_path, {}) as house:
        child = house.start("web", STAYS)
        assert os.getsid(child.popen.pid) != os.getsid(0)
