"""Starting, sharing, crashing and stopping, with real servers."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from mailhelper import services
from mailhelper.services import process, stack
from mailhelper.services.postgres import Postgres
from tests.services.ways import Holder, home_of, pids


def kill_servers(data: Path) -> None:
    """As the kernel does when memory runs out, backends and all."""
    postgres, valkey = pids(data)
    assert postgres
    assert valkey
    os.killpg(postgres, signal.SIGKILL)
    os.killpg(valkey, signal.SIGKILL)
    assert process.wait_for_strays("postgres", Postgres(home_of(data)).data, 10)


def test_both_servers_answer_at_the_given_urls(data: Path) -> None:
    with services.up(data) as env:
        assert env["DATA_DIR"] == str(data)
        with psycopg.connect(env["DATABASE_URL"]) as connection:
            row = connection.execute("SELECT current_user, current_database()").fetchone()
        with redis.from_url(env["REDIS_URL"]) as client:
            assert client.ping()
    assert row == ("mailhelper", "mailhelper")


def test_leaving_stops_both(data: Path) -> None:
    with services.up(data):
        assert all(pids(data))
        assert stack.fallen(data) is None
    assert pids(data) == (None, None)


def test_each_started_server_is_told_once(data: Path, hold: Callable[[Path], Holder]) -> None:
    first: list[str] = []
    second: list[str] = []
    with services.up(data, first.append), services.up(data, second.append):
        pass
    assert first == ["Starting PostgreSQL", "Starting Valkey"]
    assert second == []


def test_a_second_process_shares_what_runs(data: Path, hold: Callable[[Path], Holder]) -> None:
    with services.up(data):
        before = pids(data)
        hold(data).leave()
        assert pids(data) == before


def test_the_last_to_leave_stops_even_if_another_started(data: Path, hold: Callable[[Path], Holder]) -> None:
    other = hold(data)
    started = pids(data)
    with services.up(data):
        other.leave()
        assert pids(data) == started
    assert pids(data) == (None, None)


def test_a_killed_holder_leaves_servers_that_the_next_one_takes_over(
    data: Path, hold: Callable[[Path], Holder]
) -> None:
    holder = hold(data)
    started = pids(data)
    holder.die()
    assert pids(data) == started
    with services.up(data):
        assert pids(data) == started
    assert pids(data) == (None, None)


def test_what_was_committed_survives_kill_9_of_everything(data: Path, hold: Callable[[Path], Holder]) -> None:
    holder = hold(data)
    with services.up(data) as env, psycopg.connect(env["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        connection.commit()
        kill_servers(data)
        holder.die()
    with services.up(data) as env, psycopg.connect(env["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_addresses_stay_the_same_for_all_who_share_them_over_a_crash(data: Path) -> None:
    with services.up(data) as before:
        kill_servers(data)
        with services.up(data) as after:
            assert after == before
            psycopg.connect(before["DATABASE_URL"]).close()


def test_nothing_is_left_in_tmp(data: Path) -> None:
    with services.up(data):
        sockets = Path((data / "sockets-are-in").read_text().strip())
        assert sockets.is_dir()
    assert not sockets.exists()
    assert not (data / "sockets-are-in").exists()


def test_a_fallen_server_is_noticed(data: Path) -> None:
    with services.up(data):
        postgres, _ = pids(data)
        assert postgres
        os.killpg(postgres, signal.SIGKILL)
        assert process.wait_for_strays("postgres", Postgres(home_of(data)).data, 10)
        fallen = stack.fallen(data)
        assert fallen is not None
        assert fallen.title == "PostgreSQL"


def test_a_stale_pid_file_that_names_another_living_program_is_passed_over(data: Path) -> None:
    with services.up(data):
        pass
    cluster = Postgres(home_of(data)).data
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster}\n1\n5432\n/tmp\n\n0 0\nready\n")
    with services.up(data):
        assert all(pids(data))


def test_a_pid_file_that_names_another_postgres_does_not_get_it_stopped(folder: Path) -> None:
    ours, theirs = folder / "ours", folder / "theirs"
    with services.up(ours):
        pass
    with services.up(theirs):
        running = pids(theirs)
        for name in ("postgres/postmaster.pid", "valkey/valkey.pid"):
            shutil.copyfile(theirs / name, ours / name)
        assert pids(ours) == (None, None)
        with services.up(ours):
            assert pids(ours) != running
            assert all(pids(ours))
        assert pids(theirs) == running
        assert stack.fallen(theirs) is None


def test_an_unfinished_cluster_of_a_killed_first_start_is_made_anew(folder: Path) -> None:
    data = folder / "data"
    (data / "postgres.new").mkdir(parents=True)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    with services.up(data):
        assert all(pids(data))
    assert not (data / "postgres.new").exists()
    assert not (data / "postgres.new.password").exists()


def test_servers_that_the_environment_names_are_used_and_none_is_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = folder / "data"
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    with services.up(data) as env:
        assert env == {
            "DATA_DIR": str(data),
            "DATABASE_URL": "postgresql://elsewhere/db",
            "REDIS_URL": "redis://elsewhere/0",
        }
        assert [path.name for path in data.iterdir()] == []


def test_only_valkey_is_started_beside_a_database_of_your_own(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    with services.up(data) as env:
        assert env["DATABASE_URL"] == "postgresql://elsewhere/db"
        assert pids(data)[0] is None
        assert pids(data)[1]
        assert stack.fallen(data) is None
