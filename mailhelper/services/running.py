"""`bin/run [--no-demo] [--once] [--port N]`: all of Mail Helper on this machine, until Ctrl-C."""

import argparse
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from mailhelper.services import catalogues, demo, mode, places, ports, stack, static, telling, terminal, visit
from mailhelper.services.commands import Manage
from mailhelper.services.demo import Mailbox, Reader
from mailhelper.services.errors import ServiceError
from mailhelper.services.household import Household
from mailhelper.services.terminal import say

PORT = 8000
FIRST_INVITATION = ("invite", "--first", "--json")
QUEUES = "interactive,sync,bulk"


@dataclass(frozen=True)
class Options:
    demo: bool
    once: bool
    port: int | None


@dataclass(frozen=True)
class House:
    """All that runs: `listener` is handed to the web process, which answers at `port`."""

    data: Path
    port: int
    listener: socket.socket
    mailbox: Mailbox | None
    household: Household
    manage: Manage

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    catalogues.compile_changed()
    data = places.data_dir()
    with mode.claim(data), stack.up(data, say) as services, _house(options, data, services) as house:
        since = datetime.now(UTC)
        _prepare(house)
        _start(house, web_workers=1 if options.once else 2)
        reader = demo.reader(house.manage, house.mailbox) if house.mailbox else None
        house.household.wait_until("web process", lambda: visit.answers(house.port), 60)
        if options.once:
            return _once(house, reader, since)
        _stay(house, reader)
    return 0


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="bin/run", description="Brings up Mail Helper on this machine.")
    parser.add_argument("--no-demo", action="store_true", help="without the demo mailbox and its reader")
    parser.add_argument("--once", action="store_true", help="sync, look at three pages, print JSON and end")
    parser.add_argument("--port", type=int, metavar="N", help=f"instead of {PORT} or the next that is free")
    found = parser.parse_args(arguments)
    if found.once and found.no_demo:
        parser.error("--once looks at the demo mailbox: leave --no-demo out")
    if found.port is not None and not 1 <= found.port <= 65535:
        parser.error("--port is a number from 1 to 65535")
    return Options(demo=not found.no_demo, once=found.once, port=found.port)


@contextmanager
def _house(options: Options, data: Path, services: dict[str, str]) -> Iterator[House]:
    mailbox = demo.find(data) if options.demo else None
    with _listener(options) as listener:
        port = int(listener.getsockname()[1])
        url = f"http://localhost:{port}"
        settings = {"BASE_URL": os.environ.get("BASE_URL") or url}
        if mailbox is not None:
            settings |= mailbox.settings(os.environ.get("ALLOWED_MAIL_NETWORKS", ""))
        mode.announce(data, url, settings)
        env = {"DEMO": "", **settings, **services}
        manage = Manage(data / "log" / "setup.log", env)
        with Household(data / "log", env) as household:
            yield House(data, port, listener, mailbox, household, manage)


def _listener(options: Options) -> socket.socket:
    try:
        if options.port:
            return ports.listen(options.port)
        return ports.listen(0) if options.once else ports.listen_from(PORT)
    except OSError as refusal:
        raise ServiceError(f"Port {options.port or PORT}: {refusal.strerror}.") from refusal


def _prepare(house: House) -> None:
    """The database and the static files, side by side; the demo mailbox fills itself meanwhile."""
    if house.mailbox is not None:
        box = house.mailbox.start(house.household)
    say("Preparing the database")
    made_from = static.fingerprint()
    collecting = None if static.is_collected() else house.manage.start("collectstatic", "--no-input")
    house.manage.run("migrate", "--no-input")
    if collecting is not None:
        house.manage.finish(collecting)
        static.note(made_from)
    if house.mailbox is not None:
        house.household.wait_until("demo mailbox", lambda: box.said("ready"), 120)


def _start(house: House, web_workers: int) -> None:
    say("Starting web, worker and beat")
    handle = house.listener.fileno()
    web = ["-m", "gunicorn", "--bind", f"fd://{handle}", "--worker-class", "gthread"]
    web += ["--workers", str(web_workers), "--threads", "4", "--graceful-timeout", "3", "--no-control-socket"]
    pooled = {"DATABASE_POOL": "1"}  # in the web process alone
    house.household.start("web", [*web, "mailhelper.wsgi:application"], handles=[handle], extra=pooled)
    celery = ["-m", "celery", "--app", "mailhelper.celery:app"]
    worker = ["worker", "--queues", QUEUES, "--concurrency", "2", "--loglevel", "INFO"]
    house.household.start("worker", [*celery, *worker, "--without-gossip", "--without-mingle"])
    house.household.start("beat", [*celery, "beat", "--pidfile=", "--loglevel", "INFO"])


def _once(house: House, reader: Reader | None, since: datetime) -> int:
    assert reader is not None
    say("Syncing the demo mailbox and signing in")
    syncing = house.manage.start_json(
        "demo_sync", "--account", str(reader.account), "--since", since.isoformat()
    )
    visitor = visit.sign_in(house.port, reader.user, reader.password, reader.secret)
    counts = house.manage.finish_json(syncing)
    say("Looking around")
    visit.look_around(visitor)
    house.household.check()
    seconds = round(time.time() - psutil.Process().create_time(), 1)  # since the shell script began
    print(json.dumps({**counts, "seconds": seconds}), flush=True)
    return 0


def _stay(house: House, reader: Reader | None) -> None:
    if reader is not None:
        invitation = reader.invitation
        house.manage.start("demo_sync", "--account", str(reader.account))  # the page shows how far it is
    else:
        invitation = str(house.manage.json(*FIRST_INVITATION).get("invitation") or "")
    telling.introduce(house.url, invitation, reader)
    while True:
        house.household.check()
        fallen = stack.fallen(house.data)
        if fallen:
            raise ServiceError(f"{fallen.title} has ended. {fallen.log} tells more.")
        telling.tick(reader)
        time.sleep(1)


if __name__ == "__main__":
    terminal.run_main(main)
