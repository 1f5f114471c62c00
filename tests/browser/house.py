"""The product as readers meet it: gunicorn and a Celery worker as processes, on the test's database.

Pages come with the collected and hashed static files, tasks go through the real queue, under a prefix.
"""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import connection

from mailhelper.services import ports
from mailhelper.services.places import ROOT

START_SECONDS = 60
CELERY = ["-m", "celery", "--app", "mailhelper.celery:app", "worker", "--queues", "interactive,sync,bulk"]


_HOUSES = itertools.count()


class House:
    """`url` is where it answers; `more` is added to its environment. Use as a context manager."""

    def __init__(self, folder: Path, mail_ports: Sequence[int], **more: str) -> None:
        self.folder = folder
        self.queue = f"browser-{os.getpid()}-{next(_HOUSES)}:"  # one's worker must not take another's tasks
        self.listener = ports.listen(0)
        self.url = f"http://localhost:{self.listener.getsockname()[1]}"
        self.env = {
            **os.environ,
            "DATABASE_URL": _test_database(),
            "DJANGO_SETTINGS_MODULE": "tests.browser.served",
            "PYTHONPATH": str(ROOT),
            "BASE_URL": self.url,
            "ALLOWED_MAIL_NETWORKS": ",".join(f"127.0.0.1/32:{port}" for port in mail_ports),
            "ARGON2_MEMORY_KIB": str(19 * 1024),
            "ARGON2_PASSES": "2",
            "BROWSER_STATIC": str(folder / "static"),
            "BROWSER_QUEUE": self.queue,
            **more,
        }
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "House":
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
        subprocess.run(collect, cwd=ROOT, env=self.env, check=True)
        handle = self.listener.fileno()
        web = ["-m", "gunicorn", "--bind", f"fd://{handle}", "--worker-class", "gthread", "--threads", "4"]
        web += ["--graceful-timeout", "1", "--no-control-socket", "mailhelper.wsgi:application"]
        self.web = self._start("web", web, [handle])
        flags = ["--concurrency", "1", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        self.worker = self._start("worker", [*CELERY, *flags], [])
        self._wait_for("worker", " ready.")
        self._wait_for("web", "Booting worker")
        return self

    def __exit__(self, *exception: object) -> None:
        self.go_on()
        for process in (self.worker, self.web):
            if process is not None:
                process.terminate()
                process.wait(20)
        self.listener.close()
        server = redis.Redis.from_url(settings.REDIS_URL)
        for key in server.scan_iter(f"{self.queue}*"):
            server.delete(key)
        server.close()

    def hold(self) -> None:
        """The worker takes nothing from the queue until `go_on`."""
        assert self.worker is not None
        os.kill(self.worker.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """The worker works on."""
        assert self.worker is not None
        os.kill(self.worker.pid, signal.SIGCONT)

    def log(self, name: str) -> str:
        """What "web" or "worker" wrote so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, argv: list[str], handles: list[int]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *argv], cwd=ROOT, env=self.env, pass_fds=handles, stdout=log, stderr=log
            )

    def _wait_for(self, name: str, words: str) -> None:
        end = time.monotonic() + START_SECONDS
        while words not in self.log(name):
            if time.monotonic() > end:
                raise RuntimeError(f"{name} did not start:\n{self.log(name)}")
            time.sleep(0.05)


def _test_database() -> str:
    """The URL of the database that pytest made for this run."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return parts._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
