"""Ways to use the servers from outside: another process, another user, other hands."""

import multiprocessing
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

from mailhelper import services
from mailhelper.services import home as homes
from mailhelper.services.home import Home
from mailhelper.services.postgres import Postgres
from mailhelper.services.valkey import Valkey


def home_of(data: Path) -> Home:
    return Home(data, homes.found(data), None)


def pids(data: Path) -> tuple[int | None, int | None]:
    """The process ids of PostgreSQL and Valkey of a data folder."""
    return Postgres(home_of(data)).pid(), Valkey(home_of(data)).pid()


def open_folder() -> Path:
    """A fresh folder below /tmp, which other users may pass through."""
    made = Path(tempfile.mkdtemp(prefix="mh-test-", dir="/tmp")).resolve()
    made.chmod(0o755)
    return made


def copy_of(seed: Path, folder: Path) -> Path:
    """A data folder in `folder` with the cluster of `seed`: quicker than making one."""
    data = folder / "data"
    subprocess.run(["cp", "-a", seed, data], check=True)
    (data / "sockets-are-in").unlink(missing_ok=True)
    return data


def clear(folder: Path) -> None:
    """Stop what a failed test left in `folder`, and remove it and what lies outside of it."""
    for data in {note.parent.parent for note in folder.rglob("locks/users.lock")}:
        home = home_of(data)
        sockets = data / "sockets-are-in"
        left = sockets.read_text().strip() if sockets.exists() else ""
        Postgres(home).stop()
        Valkey(home).stop()
        if home.servers != data:
            shutil.rmtree(home.servers, ignore_errors=True)
        if left:
            shutil.rmtree(left, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


class Holder:
    """Another process inside `services.up`."""

    def __init__(self, popen: "Popen[str]") -> None:
        self.popen = popen

    def wait(self) -> None:
        assert self.popen.stdout is not None
        assert self.popen.stdout.readline() == "up\n"

    def leave(self) -> None:
        """End the context as usual."""
        if self.popen.poll() is None:
            self.popen.communicate("\n", timeout=60)

    def die(self) -> None:
        self.popen.kill()
        self.popen.wait()


def as_user(name: str, act: Callable[[], object]) -> str:
    """Run `act` as another user in a fork of ours; return what it raised, or nothing."""
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=_become, args=(pwd.getpwnam(name), act, writer))
    child.start()
    writer.close()
    try:
        return str(reader.recv())
    finally:
        child.join()


def _become(entry: pwd.struct_passwd, act: Callable[[], object], writer: object) -> None:
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.chdir("/")
    try:
        act()
        told = ""
    except BaseException:  # noqa: BLE001 - whatever it is, the test shall see it
        told = traceback.format_exc()
    writer.send(told)  # type: ignore[attr-defined]


if __name__ == "__main__":
    with services.up(Path(sys.argv[1])):
        print("up", flush=True)
        sys.stdin.readline()
