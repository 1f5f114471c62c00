"""Real servers in folders of their own. The servers that the rest of the tests use are never touched."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailhelper import services
from mailhelper.services.places import ROOT
from tests.services.ways import Holder, clear, copy_of, open_folder


@pytest.fixture(autouse=True, scope="package")
def no_servers_named() -> Iterator[None]:
    """bin/test names its servers in the environment; here we want to start our own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "REDIS_URL", "DATA_DIR"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user may pass through (pytest's own are closed, which is a case of its own)."""
    made = open_folder()
    yield made
    clear(made)


@pytest.fixture(scope="package")
def seed(no_servers_named: None) -> Iterator[Path]:
    """A data folder with a cluster in it, whose servers do not run."""
    made = open_folder()
    with services.up(made / "data"):
        pass
    yield made / "data"
    clear(made)


@pytest.fixture
def data(folder: Path, seed: Path) -> Path:
    """A data folder of its own for a test."""
    return copy_of(seed, folder)


@pytest.fixture
def hold() -> Iterator[Callable[[Path], Holder]]:
    """Start other processes that hold the servers of a data folder up."""
    holders: list[Holder] = []

    def start(data: Path) -> Holder:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        argv = [sys.executable, "-m", "tests.services.ways", str(data)]
        holder = Holder(
            subprocess.Popen(
                argv, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        holders.append(holder)
        holder.wait()
        return holder

    yield start
    for holder in holders:
        holder.leave()


@pytest.fixture
def root_only() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
