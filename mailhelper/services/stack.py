"""All servers that this checkout needs, shared by every command that needs them.

`gate.lock` is held for the moments in which servers are started or stopped; everyone who uses them
holds a share of `users.lock`. Whoever leaves last stops them. A killed command loses its share with its
life; the servers that it leaves behind are taken over by the next one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailhelper.services import home as homes
from mailhelper.services import owner, places
from mailhelper.services.errors import told_plainly
from mailhelper.services.home import Home
from mailhelper.services.locks import Lock, alone
from mailhelper.services.postgres import Postgres
from mailhelper.services.valkey import Valkey

Server = Postgres | Valkey
KINDS: dict[str, type[Server]] = {"DATABASE_URL": Postgres, "REDIS_URL": Valkey}
Tell = Callable[[str], None]


def _quiet(line: str) -> None:
    pass


@contextmanager
def up(data_dir: Path | None = None, tell: Tell = _quiet) -> Iterator[dict[str, str]]:
    """Hold the servers up; give DATA_DIR, DATABASE_URL and REDIS_URL for the processes that use them.

    A server is ours only where the environment does not name one already. `tell` gets a line for
    each server that is started.

    Raises: ServiceError, with one clear line.
    """
    data = (data_dir or places.data_dir()).resolve()
    given = {name: os.environ[name] for name in KINDS if os.environ.get(name)}
    wanted = [name for name in KINDS if name not in given]
    with told_plainly(data):
        places.make_private(data)
    if not wanted:
        yield {"DATA_DIR": str(data), **given}
        return
    home = homes.settle(data, owner.choose(data))
    with _shared(home, {name: KINDS[name](home) for name in wanted}, tell) as urls:
        yield {"DATA_DIR": str(data), **given, **urls}


def fallen(data: Path) -> Server | None:
    """A server of ours that does not run although `up` holds it, else None."""
    home = Home(data, homes.found(data), None)
    servers = [kind(home) for name, kind in KINDS.items() if not os.environ.get(name)]
    return next((server for server in servers if not server.pid()), None)


@contextmanager
def _shared(home: Home, servers: dict[str, Server], tell: Tell) -> Iterator[dict[str, str]]:
    folder = home.data / "locks"
    with told_plainly(home.data):
        places.make_private(folder)
        users = Lock(folder / "users.lock")
    with users:
        try:
            with alone(folder / "gate.lock"), told_plainly(home.data):
                users.share()
                urls = {name: _start(server, tell) for name, server in servers.items()}
            yield urls
        finally:
            with alone(folder / "gate.lock"):
                if users.try_take():
                    for server in reversed(servers.values()):
                        server.stop()


def _start(server: Server, tell: Tell) -> str:
    if not server.pid():
        tell(f"Starting {server.title}")
    return server.ensure()
