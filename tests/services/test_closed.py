"""The servers are closed to whoever has no password, and to every other user of the machine."""

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from mailhelper import services
from tests.services.ways import clear, copy_of, open_folder, pids


@pytest.fixture(scope="module")
def data(seed: Path) -> Iterator[Path]:
    made = open_folder()
    yield copy_of(seed, made)
    clear(made)


@pytest.fixture(scope="module")
def env(data: Path) -> Iterator[dict[str, str]]:
    with services.up(data) as env:
        yield env


def socket_folder(env: dict[str, str]) -> Path:
    return Path(parse_qs(urlsplit(env["DATABASE_URL"]).query)["host"][0])


def connect(env: dict[str, str], user: str, password: str) -> None:
    psycopg.connect(host=str(socket_folder(env)), user=user, password=password, dbname="postgres").close()


@pytest.mark.parametrize("user", ["postgres", "mailhelper"])
@pytest.mark.parametrize("password", ["", "wrong", "postgres"])
def test_the_database_asks_everybody_for_the_password(env: dict[str, str], user: str, password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(env, user, password)


def test_the_password_is_proved_by_scram(env: dict[str, str]) -> None:
    psycopg.connect(env["DATABASE_URL"], require_auth="scram-sha-256").close()
    with pytest.raises(psycopg.OperationalError, match="requested SASL"):
        psycopg.connect(env["DATABASE_URL"], require_auth="md5")


def test_the_role_is_an_ordinary_one(env: dict[str, str]) -> None:
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolreplication, rolcreatedb FROM pg_roles"
            " WHERE rolname = current_user"
        ).fetchone()
        owner = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row == (False, False, False, False, True)
    assert owner == ("mailhelper",)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("password_encryption", "scram-sha-256"),
        ("log_min_error_statement", "panic"),
        ("log_parameter_max_length_on_error", "0"),
        ("log_error_verbosity", "terse"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
    ],
)
def test_the_database_runs_with(env: dict[str, str], setting: str, value: str) -> None:
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT current_setting(%s)", [setting]).fetchone() == (value,)


def test_what_a_failed_statement_held_is_not_logged(env: dict[str, str], data: Path) -> None:
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE one (name text UNIQUE)")
        for _ in range(2):
            try:
                connection.execute("INSERT INTO one VALUES (%s)", ["mark-of-a-reader"])
            except psycopg.errors.UniqueViolation:
                refused = True
    log = (data / "log" / "postgres.log").read_text()
    assert refused
    assert "one_name_key" in log
    assert "mark-of-a-reader" not in log


def test_valkey_asks_for_its_password(env: dict[str, str]) -> None:
    port = urlsplit(env["REDIS_URL"]).port
    assert port
    for password in (None, "wrong"):
        client = redis.Redis(port=port, password=password, retry=Retry(NoBackoff(), 0))
        with client, pytest.raises(redis.AuthenticationError):
            client.keys()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("save", ""), ("appendonly", "no"), ("maxmemory-policy", "noeviction"), ("bind", "127.0.0.1")],
)
def test_valkey_runs_with(env: dict[str, str], setting: str, value: str) -> None:
    with redis.from_url(env["REDIS_URL"], decode_responses=True) as client:
        assert client.config_get(setting) == {setting: value}


def test_neither_listens_beyond_loopback(env: dict[str, str], data: Path) -> None:
    postgres, valkey = (psutil.Process(pid) for pid in pids(data))
    assert postgres.net_connections("inet") == []
    assert {one.laddr.ip for one in valkey.net_connections("inet")} == {"127.0.0.1"}


def test_no_file_is_for_others(env: dict[str, str], data: Path) -> None:
    passwords = {path: path.read_text().strip() for path in (data / "passwords").iterdir()}
    assert {path.name for path in passwords} == {"postgres", "postgres_admin", "valkey"}
    for path in data.rglob("*"):
        if not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert len(set(passwords.values())) == 3
    assert all(len(value) == 32 for value in passwords.values())


def test_no_password_is_in_a_command_line_or_a_log(env: dict[str, str], data: Path) -> None:
    passwords = [path.read_text().strip() for path in (data / "passwords").iterdir()]
    shown = " ".join(" ".join(psutil.Process(pid).cmdline()) for pid in pids(data) if pid)
    shown += "".join(path.read_text() for path in (data / "log").iterdir())
    assert len(shown) > 500
    assert not [password for password in passwords if password in shown]


def test_the_socket_lies_in_a_private_folder(env: dict[str, str], data: Path) -> None:
    folder = socket_folder(env)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.owner() == (data / "postgres").owner()


def test_the_sockets_path_is_short_however_deep_the_data_lies(folder: Path) -> None:
    deep = folder.joinpath(*["a-rather-long-name"] * 12)
    deep.mkdir(parents=True)
    with services.up(deep / "data") as env:
        assert len(str(socket_folder(env) / ".s.PGSQL.5432.lock")) <= 107
        psycopg.connect(env["DATABASE_URL"]).close()


def test_a_socket_folder_that_others_could_write_to_is_not_used(folder: Path, seed: Path) -> None:
    copy = copy_of(seed, folder)
    open_to_all = folder / "sockets"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    (copy / "sockets-are-in").write_text(f"{open_to_all}\n")
    with services.up(copy) as env:
        assert socket_folder(env) != open_to_all
