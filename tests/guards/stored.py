"""Everything that the server stores, as raw bytes by where it is: what a thief of the machine would read."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django_celery_results.models import TaskResult

from tests.worker import queue

Piece = tuple[str, bytes]

_TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm') AND has_table_privilege(c.oid, 'SELECT')
       AND has_schema_privilege(n.oid, 'USAGE')
     ORDER BY 1, 2
"""


def tables() -> list[tuple[str, str]]:
    """Schema and name of every table there is, the libraries' and PostgreSQL's own too."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [(schema, name) for schema, name in cursor.fetchall()]


def database() -> Iterator[Piece]:
    """Each table as PostgreSQL's binary COPY gives it; its own, whose types have none, as text."""
    for schema, name in tables():
        form = "TEXT" if schema == "pg_catalog" else "BINARY"
        yield f"table {schema}.{name}", _copy(f'"{schema}"."{name}"', form)


def columns(table: str, column: str) -> list[bytes]:
    """The values of one column of bytes."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')
        return [bytes(row[0]) for row in cursor.fetchall()]


def sessions() -> Iterator[Piece]:
    """Sessions, opened as Django opens them."""
    for row in Session.objects.all():
        yield "session", repr(row.get_decoded()).encode()


def results() -> Iterator[Piece]:
    """What Celery keeps of tasks."""
    for row in TaskResult.objects.values():
        yield f"result of {row['task_name']}", repr(row).encode()


def valkey() -> Iterator[Piece]:
    """Every key of every database of the Valkey that we may see, with its value."""
    with queue() as server:
        for key in server.scan_iter("*"):
            yield f"valkey {key!r}", key + b"\n" + _value(server, key)


def files(folder: Path) -> Iterator[Piece]:
    """All files below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"file {path.name}", path.read_bytes()


def on_disk(since: float) -> Iterator[Piece]:
    """The embedded database's own files of our database, and its log of changes, written since then.

    Only where the servers are those of DATA_DIR and their files can be read.
    """
    folder = Path(settings.DATA_DIR) / "postgres"
    if not os.access(folder / "base", os.R_OK | os.X_OK):
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        number = cursor.fetchone()[0]
    for part in (folder / "base" / str(number), folder / "pg_wal", folder.parent / "log"):
        for path in sorted(part.glob("*")):
            if path.is_file() and path.stat().st_mtime >= since:
                yield f"disk {path.relative_to(folder.parent)}", path.read_bytes()


def _copy(table: str, form: str) -> bytes:
    connection.ensure_connection()
    raw: Any = connection.connection
    statement = f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT {form})"
    with raw.cursor() as cursor, cursor.copy(statement) as out:
        return b"".join(bytes(part) for part in out)


def _value(server: Any, key: bytes) -> bytes:
    kind = server.type(key)
    readers = {
        b"string": lambda: server.get(key),
        b"list": lambda: server.lrange(key, 0, -1),
        b"hash": lambda: server.hgetall(key),
        b"set": lambda: server.smembers(key),
        b"zset": lambda: server.zrange(key, 0, -1),
        b"stream": lambda: server.xrange(key),
    }
    value = readers[kind]()
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return b"\n".join(part for pair in value.items() for part in pair)
    return b"\n".join(part if isinstance(part, bytes) else repr(part).encode() for part in value or ())
