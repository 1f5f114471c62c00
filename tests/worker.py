"""A real worker of the product: a process of its own, on the database and the queue of this test."""

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import redis
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60
_QUEUES = ("interactive", "sync", "bulk", "unacked", "unacked_index", "unacked_mutex")


class Worker:
    """`celery worker` with a log. `include` names a module of tasks that only tests have."""

    def __init__(self, folder: Path, *, networks: str = "", include: str = "", concurrency: int = 1) -> None:
        self.log_path = folder / "worker.log"
        self._env = environment(folder, networks)
        self._command = [
            *(sys.executable, "-m", "celery", "--app", "mailhelper.celery:app", "worker"),
            *("--queues", "interactive,sync,bulk", "--concurrency", str(concurrency), "--loglevel", "DEBUG"),
            *("--without-gossip", "--without-mingle", *(("--include", include) if include else ())),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it takes tasks."""
        began = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + START_SECONDS
        while b" ready." not in self.log()[began:]:
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"the worker did not start:\n{self.log()[began:].decode()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to it and its children, as a machine that loses its power would."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def kill_child(self) -> None:
        """SIGKILL to the process that runs tasks, as for want of memory. The worker makes another."""
        if self.process:
            for child in psutil.Process(self.process.pid).children():
                child.kill()

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def log(self) -> bytes:
        """What it wrote so far."""
        return self.log_path.read_bytes() if self.log_path.exists() else b""


@contextmanager
def running(folder: Path, *, networks: str = "", include: str = "", concurrency: int = 1) -> Iterator[Worker]:
    """A worker for the time of a test, on a queue without leftovers of others."""
    empty_queues()
    worker = Worker(folder, networks=networks, include=include, concurrency=concurrency)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()
        empty_queues()


def environment(folder: Path, networks: str = "") -> dict[str, str]:
    """What the product's processes are given: this test's database, this process's keys."""
    before, mark, options = settings.DATABASE_URL.partition("?")
    database = before.rpartition("/")[0] + "/" + str(connection.settings_dict["NAME"])
    keys = ",".join(
        f"{key.id}:{base64.urlsafe_b64encode(key.material).decode()}" for key in settings.GRANT_KEYS
    )
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder),
        "DATABASE_URL": database + mark + options,
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "GRANT_KEYS": keys,
        "ALLOWED_MAIL_NETWORKS": networks,
        "LOG_LEVEL": "DEBUG",
    }


def queue() -> redis.Redis:
    """The Valkey of this run."""
    return redis.Redis.from_url(settings.REDIS_URL)


def empty_queues() -> None:
    """Forget the tasks that other tests left behind."""
    with queue() as valkey:
        valkey.delete(*_QUEUES)


def wait_for(what: object, seconds: float = 60) -> None:
    """Until `what()` is true."""
    end = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end, f"{what} did not come true within {seconds} s"
        time.sleep(0.05)
