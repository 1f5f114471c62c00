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
from mailhelper.services.commands import Command, Manage
from mailhelper.services.demo import Mailbox, Reader
from mailhelper.services.errors import ServiceError
from mailhelper.services.household import Household
from mailhelper.services.terminal import say

PORT = 8000
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
    since = datetime.now(UTC)
    options = _options(arguments)
    catalogues.compile_changed()
    data = places.data_dir()
    with (
        mode.claim(data),
        stack.up(data, say) as services,
        _house(options, data, services) as house,
        _guide(house, since) as guide,
    ):
        _prepare(house, guide)
        _start(house, web_workers=1 if options.once else 2)
        found = guide.next_told(house.household.check)
        if options.once:
            _once(house, demo.read(found), guide)
        else:
            _stay(house, demo.read(found) if options.demo else None, str(found["invitation"]))
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


def _guide(house: House, since: datetime) -> Command:
    """`manage.py bring_up`, which tells line by line how far it is."""
    say("Preparing the database")
    arguments = ["bring_up", "--since", since.isoformat()]
    if house.mailbox is not None:
        arguments += ["--demo-port", str(house.mailbox.port)]
    return house.manage.start_telling(*arguments)


def _prepare(house: House, guide: Command) -> None:
    """The database, the static files and the demo mailbox, side by side."""
    household, box = house.household, house.mailbox
    made_from = static.fingerprint()
    collecting = None if static.is_collected() else house.manage.start("collectstatic", "--no-input")
    if box is not None:
        child = box.start(household)
        household.wait_until("demo mailbox", lambda: child.said("ready"), 120)
    guide.next_told(household.check)
    if collecting is not None:
        collecting.finish()
        static.note(made_from)


def _start(house: House, web_workers: int) -> None:
    """Web, worker and, when the web process answers, beat: nobody waits for that one."""
    say("Starting web, worker and beat")
    handle, household = house.listener.fileno(), house.household
    web = ["-m", "gunicorn", "--bind", f"fd://{handle}", "--worker-class", "gthread"]
    web += ["--workers", str(web_workers), "--threads", "4", "--graceful-timeout", "3", "--no-control-socket"]
    pooled = {"DATABASE_POOL": "1"}  # in the web process alone
    household.start("web", [*web, "mailhelper.wsgi:application"], handles=[handle], extra=pooled)
    celery = ["-m", "celery", "--app", "mailhelper.celery:app"]
    worker = ["worker", "--queues", QUEUES, "--concurrency", "2", "--loglevel", "INFO"]
    household.start("worker", [*celery, *worker, "--without-gossip", "--without-mingle"])
    household.wait_until("web process", lambda: visit.answers(house.port), 60)
    household.start("beat", [*celery, "beat", "--pidfile=", "--loglevel", "INFO"])


def _once(house: House, reader: Reader, guide: Command) -> None:
    say("Syncing the demo mailbox and signing in")
    visitor = visit.sign_in(house.port, reader.user, reader.password, reader.secret)
    counts = guide.next_told(house.household.check)
    say("Looking around")
    visit.look_around(visitor)
    house.household.check()
    seconds = round(time.time() - psutil.Process().create_time(), 1)  # since the shell script began
    print(json.dumps({**counts, "seconds": seconds}), flush=True)


def _stay(house: House, reader: Reader | None, invitation: str) -> None:
    telling.introduce(house.url, invitation, reader)
    try:
        _watch(house, reader)
    except terminal.Stopped:  # the way to end it: all is well
        say("\nStopping")


def _watch(house: House, reader: Reader | None) -> None:
    while True:
        house.household.check()
        fallen = stack.fallen(house.data)
        if fallen:
            raise ServiceError(f"{fallen.title} has ended. {fallen.log} tells more.")
        telling.tick(reader)
        time.sleep(1)


if __name__ == "__main__":
    terminal.run_main(main)
