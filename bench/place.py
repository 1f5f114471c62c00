"""Where a bench works: services, a database and a queue of its own, removed afterwards."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

from mailhelper.services import places, stack
from mailhelper.services.errors import ServiceError
from mailhelper.services.locks import Lock
from mailhelper.services.terminal import say


@contextmanager
def own_place() -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder for files, and the environment for the product's processes."""
    data = places.make_private(places.data_dir() / "bench")
    with Lock(data / "bench.lock") as lock:
        if not lock.try_take():
            raise ServiceError(f"A bench runs in {data} already.")
        files = data / "files"
        shutil.rmtree(files, ignore_errors=True)
        files.mkdir()
        try:
            with stack.up(data, say) as env, _database(env["DATABASE_URL"]) as url:
                yield files, {**env, "DATABASE_URL": url, "REDIS_URL": _queue(env["REDIS_URL"])}
        finally:
            shutil.rmtree(files, ignore_errors=True)


@contextmanager
def _database(url: str) -> Iterator[str]:
    """A fresh database on the server of `url`."""
    name = f"mailhelper_bench_{os.getpid()}"
    with psycopg.connect(url, autocommit=True, dbname="postgres") as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _queue(url: str) -> str:
    """An empty database of the Valkey at `url`: nobody else's worker may take our tasks."""
    base = url.rsplit("/", 1)[0]
    for number in range(15, 0, -1):
        with redis.Redis.from_url(f"{base}/{number}") as queue:
            if not queue.dbsize():
                return f"{base}/{number}"
    raise ServiceError("Valkey has no empty database for the bench.")
