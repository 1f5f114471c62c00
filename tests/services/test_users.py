"""Root, ordinary users, closed folders, full disks."""

import os
import pwd
import shutil
import stat
from pathlib import Path

import psutil
import psycopg
import pytest

from mailhelper import services
from mailhelper.services import home as homes
from mailhelper.services import owner, places
from mailhelper.services.errors import ServiceError, told_plainly
from mailhelper.services.owner import Owner
from tests.services.ways import as_user, home_of, pids


@pytest.mark.usefixtures("root_only")
def test_root_lends_the_servers_a_user_of_their_own(data: Path) -> None:
    with services.up(data):
        users = {psutil.Process(pid).username() for pid in pids(data) if pid}
    assert users == {owner.NAME}
    assert pwd.getpwnam(owner.NAME).pw_shell.endswith("nologin")


@pytest.mark.usefixtures("root_only")
def test_an_ordinary_user_runs_them_as_themself(data: Path) -> None:
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    os.chown(data, pwd.getpwnam("nobody").pw_uid, -1)

    def act() -> None:
        with services.up(data) as env, psycopg.connect(env["DATABASE_URL"]) as connection:
            assert {psutil.Process(pid).username() for pid in pids(data) if pid} == {"nobody"}
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert pids(data) == (None, None)

    assert as_user("nobody", act) == ""


@pytest.mark.usefixtures("root_only")
def test_root_takes_up_an_ordinary_users_data_as_that_user(data: Path) -> None:
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    os.chown(data, pwd.getpwnam("nobody").pw_uid, -1)
    assert as_user("nobody", lambda: services.up(data).__enter__()) == ""
    with services.up(data):
        assert {psutil.Process(pid).username() for pid in pids(data) if pid} == {"nobody"}


@pytest.mark.usefixtures("root_only")
def test_below_a_closed_folder_the_servers_live_elsewhere_and_no_folder_is_opened(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    for _ in range(2):
        with services.up(data) as env:
            psycopg.connect(env["DATABASE_URL"]).close()
            servers = home_of(data).servers
    assert servers.parent == homes.AWAY
    assert {path.name for path in servers.iterdir()} >= {"postgres", "valkey"}
    assert stat.S_IMODE((servers / "postgres").stat().st_mode) == 0o700
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


@pytest.mark.usefixtures("root_only")
def test_programs_that_the_servers_user_cannot_read_are_copied(folder: Path) -> None:
    package = folder / "closed" / "package"
    program = package / "bin" / "program"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    (package / "share").write_text("text")
    home = homes.Home(folder, folder, Owner(65534, 65534))
    copy = homes.programs(home, package, ("package/bin", "package.libs"))
    assert copy.parent == folder
    assert stat.S_IMODE((copy / "package" / "bin" / "program").stat().st_mode) == 0o755
    assert not (copy / "package" / "share").exists()
    assert homes.programs(home, package, ("package/bin",)) == copy


def test_who_may_enter_is_read_from_the_modes(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir(mode=0o700)
    stranger = Owner(inner.stat().st_uid + 1, inner.stat().st_gid + 1)
    friend = Owner(inner.stat().st_uid + 1, inner.stat().st_gid)
    assert Owner(inner.stat().st_uid, 0).may_enter(inner)
    assert not stranger.may_enter(inner)
    assert not friend.may_enter(inner)
    inner.chmod(0o710)
    assert friend.may_enter(inner)
    assert not stranger.may_enter(inner)
    inner.chmod(0o701)
    assert stranger.may_enter(inner)
    assert not friend.may_enter(inner)


@pytest.mark.usefixtures("root_only")
def test_a_data_folder_of_another_user_is_one_clear_line(data: Path) -> None:
    with services.up(data):
        pass
    told = as_user("nobody", lambda: services.up(data).__enter__())
    last = told.strip().splitlines()[-1]
    assert last.startswith(f"mailhelper.services.errors.ServiceError: {data}")
    assert "cannot be written by this user" in last


def test_a_full_disk_is_one_clear_line(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LEAST_FREE_BYTES", 10**18)
    with (
        pytest.raises(ServiceError, match=r"has \d+ MB left and 1000000000000 MB are needed"),
        services.up(data),
    ):
        pass


def test_a_disk_that_fills_up_on_the_way_is_one_clear_line() -> None:
    def write() -> None:
        with told_plainly(Path("/dev")):
            Path("/dev/full").write_text("x")

    with pytest.raises(ServiceError) as raised:
        write()
    assert str(raised.value) == "The disk that holds /dev is full: free some space and start again."


def test_a_file_where_the_folder_should_be_is_one_clear_line(folder: Path) -> None:
    (folder / "data").write_text("")
    with pytest.raises(ServiceError) as raised, services.up(folder / "data"):
        pass
    assert "\n" not in str(raised.value)
