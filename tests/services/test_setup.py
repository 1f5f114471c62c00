"""bin/setup: which Python, what is missing, when something is installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailhelper.services import setup
from mailhelper.services.places import ROOT

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def lay(folder: Path) -> Path:
    """What bin/setup needs of the project, with locks that name nothing."""
    for part in ("bin/setup", "mailhelper/services/setup.py"):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, folder / part)
    for lock in (setup.RUN, setup.DEV):
        (folder / lock).write_text("# nothing\n")
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return lay(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A checkout with its .venv, and what was said while it was made."""
    folder = lay(tmp_path_factory.mktemp("made"))
    return folder, start(folder, tmp_path_factory.mktemp("path"), THIS).stderr


@pytest.fixture
def installed(made: tuple[Path, str], checkout: Path) -> Path:
    """A checkout with a .venv of its own (a copy: making one takes seconds)."""
    shutil.copytree(made[0] / ".venv", checkout / ".venv", symlinks=True)
    return checkout


def start(checkout: Path, folder: Path, python: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """bin/setup with a PATH, in `folder`, on which `python3` is what the test says."""
    shim = folder / "python3"
    shim.write_text(f"#!/bin/sh\n{python}\n")
    shim.chmod(0o755)
    for tool in ("dirname", "env"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return subprocess.run(
        ["/bin/sh", checkout / "bin" / "setup", *arguments],
        env={"PATH": str(folder), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def run(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`start` for the test's own checkout."""
    return lambda *what: start(checkout, tmp_path_factory.mktemp("path"), *what)


THIS = f'exec "{sys.executable}" "$@"'
# `-c` and scripts alike, with ensurepip out of reach, as Debian ships it without python3-venv.
WITHOUT = f"""
case "$2" in
-c) exec "{sys.executable}" -I -c "import sys; sys.modules['ensurepip'] = None; $3" ;;
*) exec "{sys.executable}" -I -c "import sys, runpy; sys.modules['ensurepip'] = None; sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')" "$2" ;;
esac
"""


def test_a_missing_ensurepip_is_one_clear_line(run: Run, checkout: Path) -> None:
    done = run(WITHOUT)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert done.returncode == 1
    assert done.stderr == (
        f"Python {version} is here without ensurepip, so .venv cannot be made: "
        f"install the Debian package python{version}-venv.\n"
    )
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("python", ["exit 127", "exit 1"])
def test_no_fitting_python_is_one_clear_line(run: Run, python: str) -> None:
    done = run(python)
    assert done.returncode == 1
    assert done.stderr == "Mail Helper needs Python 3.11, 3.12 or 3.13, and none of them is on the PATH.\n"


def test_the_first_start_makes_it(made: tuple[Path, str]) -> None:
    folder, said = made
    assert said.splitlines()[:2] == ["Making .venv", "Installing 0 packages (about a minute the first time)"]
    assert (folder / ".venv" / "bin" / "python").exists()


@pytest.mark.usefixtures("installed")
def test_the_second_does_nothing_and_needs_no_python_of_the_system(run: Run) -> None:
    done = run("exit 1")
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_changed_lock_is_installed_into_what_is_there(run: Run, installed: Path) -> None:
    (installed / setup.RUN).write_text("# nothing new\n")
    done = run(THIS)
    assert done.returncode == 0
    assert done.stderr.startswith("Installing 0 packages")
    assert run("exit 1").returncode == 0


def test_a_killed_installation_is_begun_anew(run: Run, installed: Path) -> None:
    (installed / ".venv" / "installed.json").unlink()
    assert "Making .venv" in run(THIS).stderr


def test_the_test_tools_are_installed_when_asked_for_and_stay(run: Run, installed: Path) -> None:
    assert not setup_done(installed, setup.DEV)
    assert run(THIS, "--dev").returncode == 0
    assert setup_done(installed, setup.DEV)
    (installed / setup.RUN).write_text("# nothing new\n")
    assert run(THIS).returncode == 0
    assert setup_done(installed, setup.DEV)


def setup_done(checkout: Path, lock: str) -> bool:
    return lock in (checkout / ".venv" / "installed.json").read_text()


def test_what_pip_says_is_shown_when_it_fails(run: Run, installed: Path) -> None:
    (installed / setup.RUN).write_text("no-such-package==1.0\n")  # and without a hash
    done = run(THIS)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("  ")
    assert "The packages could not be installed. pip says:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("lock", [setup.RUN, setup.DEV])
def test_every_locked_package_has_a_hash_and_no_place_of_ours(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) > 5
    assert all("==" in line and line.endswith("\\") for line in entries)
    assert "://" not in text
    assert os.sep + "home" not in text
