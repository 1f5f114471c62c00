"""A fresh clone, as root and as a fresh user with an empty home and a bare environment."""

import json
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailhelper.services.owner import Owner
from mailhelper.services.places import ROOT
from mailhelper.services.process import as_owner
from tests.services.ways import clear, open_folder

pytestmark = pytest.mark.slow

PATH = "/usr/local/bin:/usr/bin:/bin"
NAME = "mh-fresh"
CELLS = {f"u{urgency}i{importance}" for urgency in (1, 2, 3) for importance in (1, 2, 3)}


@pytest.fixture
def clone() -> Iterator[Path]:
    folder = open_folder()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "x")], check=True)
    yield folder / "x"
    clear(folder)


@pytest.fixture
def fresh_user(root_only: None) -> Iterator[pwd.struct_passwd]:
    useradd, userdel = (shutil.which(name, path=f"{PATH}:/usr/sbin") for name in ("useradd", "userdel"))
    assert useradd
    assert userdel
    subprocess.run([useradd, "--create-home", "--skel", "/var/empty", NAME], check=True)
    yield pwd.getpwnam(NAME)
    subprocess.run([userdel, "--remove", NAME], check=False, capture_output=True)


def once(clone: Path, user: pwd.struct_passwd | None = None) -> tuple[dict[str, Any], float]:
    """What bin/run --once found, and how many seconds it took."""
    env = {"PATH": PATH} if user else {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    identity = as_owner(Owner(user.pw_uid, user.pw_gid) if user else None)
    began = time.monotonic()
    done = subprocess.run(
        [clone / "bin" / "run", "--once"],
        cwd=clone,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        **identity,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert len(done.stdout.splitlines()) == 1
    return found, time.monotonic() - began


def check_twice(clone: Path, user: pwd.struct_passwd | None = None) -> None:
    first, slow = once(clone, user)
    assert first["synced"] >= 80
    assert first["new"] == first["synced"]
    assert {cell for cell, number in first["cells"].items() if number} == CELLS
    again, quick = once(clone, user)
    print(f"bin/run --once: {slow:.1f} s the first time, {quick:.1f} s the second")
    assert again["synced"] == first["synced"]
    assert again["new"] == 0


def test_it_runs_as_it_is_cloned(clone: Path) -> None:
    check_twice(clone)


def test_it_runs_for_a_fresh_user(clone: Path, fresh_user: pwd.struct_passwd) -> None:
    for path in (clone, *clone.rglob("*")):
        os.chown(path, fresh_user.pw_uid, fresh_user.pw_gid, follow_symlinks=False)
    check_twice(clone, fresh_user)
