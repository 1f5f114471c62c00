"""What lies outside of the database: the cache, the queue, and the files of the data folder."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from django.conf import settings

from mailhelper.privacy.look import Look, suspicious

_MODES = (stat.S_IRGRP | stat.S_IROTH) | (stat.S_IWGRP | stat.S_IWOTH)
_FOR_ITS_OWNER = "a secret of this installation, for its owner only"
_SECRET_FILES = {
    "secret_key": _FOR_ITS_OWNER,
    "grant_keys": _FOR_ITS_OWNER,
    "passwords/*": _FOR_ITS_OWNER,
    "demo/reader_password": "the demo reader's password, which opens that reader's mail",
}

#: PostgreSQL's own files are read through its tables; the others are no part of this installation.
_LEFT_OUT = {"postgres", "demo", "test", "bench"}


def cache() -> Look:
    """Every key and value of Valkey."""
    look = Look("Cache and queue")
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) as server:
        pieces = [
            (f"the cache's {_kind(key)}", key + b"\n" + _piece(server, key)) for key in server.scan_iter()
        ]
    look.lines.append(f"{len(pieces)} keys in Valkey")
    look.problems += suspicious(pieces)
    return look


def files() -> Look:
    """Logs and whatever else lies there, and who may read the secrets."""
    look, folder = Look("Files"), Path(settings.DATA_DIR)
    secret = {path: why for pattern, why in _SECRET_FILES.items() for path in folder.glob(pattern)}
    others = [path for path in _all(folder) if path not in secret]
    open_ = [path for path in others if os.access(path, os.R_OK)]
    look.problems += suspicious((f"file {path.relative_to(folder)}", line) for path, line in _lines(open_))
    look.lines.append(
        f"{len(open_)} files, logs among them; {len(others) - len(open_)} are closed to this user"
    )
    for path, why in secret.items():
        look.lines.append(f"{path.relative_to(folder)}: {why}")
        if path.stat().st_mode & _MODES:
            look.problems.append(f"{path.relative_to(folder)} can be read by others")
    if any((folder / "demo").glob("mail-*")):
        look.lines.append("demo/mail-…: the mailbox of the demo's provider, in the clear")
    return look


def _kind(key: bytes) -> str:
    """What a key is for: how its name begins."""
    return re.sub(r"[^\w.-].*", "", key.decode("utf-8", "replace"), flags=re.DOTALL)[:40]


def _piece(server: Any, key: bytes) -> bytes:
    kind = server.type(key)
    if kind == b"string":
        return bytes(server.get(key) or b"")
    readers = {b"list": "lrange", b"zset": "zrange"}
    if kind in readers:
        return b"\n".join(getattr(server, readers[kind])(key, 0, -1))
    members = server.smembers(key) if kind == b"set" else server.hgetall(key) if kind == b"hash" else ()
    return b"\n".join([*members, *(members.values() if isinstance(members, dict) else ())])


def _all(folder: Path) -> list[Path]:
    tops = [path for path in sorted(folder.iterdir()) if path.name not in _LEFT_OUT]
    return [path for top in tops for path in (top, *sorted(top.rglob("*"))) if path.is_file()]


def _lines(paths: list[Path]) -> Iterator[tuple[Path, bytes]]:
    for path in paths:
        with path.open("rb") as file:
            yield from ((path, line) for line in file)
