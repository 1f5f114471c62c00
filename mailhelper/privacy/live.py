"""This very installation, read as a thief would who has its database, cache, files and environment.

Each look returns lines of what was found, and problems: what should not have been there. Neither holds
anything that was read, only where it was and how much.
"""

import json
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django_celery_results.models import TaskResult

from accounts import grants, sealing, serverkeys
from accounts.fields import KeyedField, SecretField, ServerField
from accounts.grants import NoGrant
from accounts.keyring import WorkerKeys
from accounts.models import Grant
from accounts.ownership import Owned, acting_as_operator, everybodys
from accounts.sealing import CannotOpen
from mailhelper.privacy.columns import protected

_AT_ONCE = 500
_SAMPLE = 200  # values of a column that are tried with keys
_MAIL_ADDRESS = re.compile(rb"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}")
_PROCESS = re.compile(rb"(?:gen\d+|celery|worker[\w-]*|beat)@")  # how Celery names its processes
_RESULT = re.compile(r"[\w\s\"'{}\[\](),:.*-]{0,400}", re.ASCII)
_MODES = (stat.S_IRGRP | stat.S_IROTH) | (stat.S_IWGRP | stat.S_IWOTH)
_SECRET_FILES = ("secret_key", "grant_keys", "passwords/*", "demo/reader_password")


@dataclass(slots=True)
class Look:
    """What one look found: `lines` to tell, `problems` that should not be."""

    title: str
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def looks() -> Iterator[Look]:
    """All of them."""
    with acting_as_operator("privacy check"):
        yield _forms()
        yield _with_the_environment()
        yield _with_grants()
        yield _sessions()
        yield _results()
    yield _cache()
    yield _files()


def _values(model: type[models.Model], name: str) -> Iterator[bytes]:
    yield from everybodys(model).exclude(**{name: None}).values_list(name, flat=True).iterator(_AT_ONCE)


def _forms() -> Look:
    """Whether protected columns hold what they say."""
    look, counts = Look("Protected columns"), Counter[str]()
    for model, column in protected():
        odd = 0
        for value in _values(model, column.name):
            counts[column.privacy] += 1
            odd += not _has_form(column, bytes(value))
        if odd:
            look.problems.append(f"{model._meta.db_table}.{column.column}: {odd} values are in the clear")
    look.lines = [f"{counts[kept]} {kept} values" for kept in ("sealed", "secret", "keyed", "server")]
    return look


def _has_form(column: Any, value: bytes) -> bool:
    if isinstance(column, KeyedField):
        return len(value) == sealing.HASH_BYTES
    # What was shredded keeps the first letters of an envelope, and nothing else.
    return value == sealing.MAGIC or (_is_envelope(value) and not _is_text(value))


def _is_envelope(value: bytes) -> bool:
    try:
        sealing.key_id(value)
    except CannotOpen:
        return False
    return True


def _is_text(value: bytes) -> bool:
    """Ciphertext is no UTF-8: of thirty random bytes one in a billion is."""
    try:
        value[len(sealing.MAGIC) + 8 :].decode()
    except UnicodeDecodeError:
        return False
    return True


def _with_the_environment() -> Look:
    """What opens with GRANT_KEYS alone."""
    look = Look("With the secrets of the environment")
    for model, column in protected():
        rows = list(everybodys(model).exclude(**{column.name: None})[:_SAMPLE])
        opened = sum(_opens_for_server(row, column) for row in rows)
        if not rows:
            continue
        place = f"{model._meta.db_table}.{column.column}"
        if isinstance(column, ServerField):
            look.lines.append(f"{place}: {opened} of {len(rows)} open, as declared")
        elif opened:
            look.problems.append(f"{place}: {opened} of {len(rows)} open, and should not")
    return look


def _opens_for_server(row: Any, column: Any) -> bool:
    place = column.place(row) if isinstance(column, ServerField) and column.place else _any_place(row, column)
    try:
        serverkeys.unseal(settings.GRANT_KEYS, bytes(getattr(row, column.name)), place)
    except CannotOpen:
        return False
    return True


def _any_place(row: Any, column: Any) -> sealing.Place:
    owner = getattr(row, "owner_id", 0)
    return sealing.Place(column.privacy, owner, row._meta.label_lower, column.name, row.pk)


def _with_grants() -> Look:
    """What opens, on top of it, with the keys that readers have lent."""
    look, opened = Look("With the keys that are lent now"), Counter[str]()
    owners = list(Grant.unscoped.filter(scope=Grant.Scope.SYNC).values_list("owner", flat=True).distinct())
    lent = list(filter(None, (_borrowed(owner) for owner in owners)))
    for keys in lent:
        for model, column in protected():
            if isinstance(column, SecretField):
                rows = everybodys(model).filter(owner=keys.owner).exclude(**{column.name: None})[:_SAMPLE]
                place = f"{model._meta.db_table}.{column.column}"
                opened[place] += sum(_opens_for_worker(keys, row, column.name) for row in rows)
            elif column.privacy == "sealed" and issubclass(model, Owned):
                rows = everybodys(model).filter(owner=keys.owner).exclude(**{column.name: None})[:_SAMPLE]
                if any(_opens_sealed(keys, row, column) for row in rows):
                    look.problems.append(f"{model._meta.db_table}.{column.column} opens with a lent key")
    look.lines.append(f"{len(lent)} readers have lent their sync key; without one no secret opens")
    look.lines += [f"{place}: {count} values open, as declared" for place, count in opened.items() if count]
    return look


def _borrowed(owner: int) -> WorkerKeys | None:
    try:
        return grants.borrow(owner)
    except NoGrant:
        return None


def _opens_for_worker(keys: WorkerKeys, row: Any, name: str) -> bool:
    try:
        keys.open_secret(row, name)
    except CannotOpen:
        return False
    return True


def _opens_sealed(keys: WorkerKeys, row: Any, column: Any) -> bool:
    envelope = bytes(getattr(row, column.name))
    material = sealing.Key(_key_id(envelope), keys.sync_key.material)
    try:
        sealing.unseal(material, envelope, _any_place(row, column))
    except CannotOpen:
        return False
    return True


def _key_id(envelope: bytes) -> int:
    try:
        return sealing.key_id(envelope)
    except CannotOpen:
        return 0


def _sessions() -> Look:
    """Sessions, opened as Django opens them."""
    look, halves = Look("Sessions"), 0
    total = Session.objects.count()
    for row in Session.objects.iterator(_AT_ONCE):
        data = row.get_decoded()
        halves += "half" in data or "waiting" in data
        if _MAIL_ADDRESS.search(json.dumps(data).encode()):
            look.problems.append("a session holds a mail address")
    look.lines.append(f"{total} sessions; {halves} hold half of a key, worth nothing without the cookie's")
    return look


def _results() -> Look:
    look, odd = Look("Results of tasks"), 0
    names = ("task_args", "task_kwargs", "result")
    for values in TaskResult.objects.values_list(*names).iterator(_AT_ONCE):
        odd += not all(_RESULT.fullmatch(value or "") for value in values)
    look.lines.append(f"{TaskResult.objects.count()} results: ids, counts and error codes")
    if odd:
        look.problems.append(f"{odd} results hold more than ids, counts and error codes")
    return look


def _cache() -> Look:
    look = Look("Cache and queue")
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) as server:
        pieces = [
            (f"the cache's {_kind(key)}", key + b"\n" + _piece(server, key)) for key in server.scan_iter()
        ]
    look.lines.append(f"{len(pieces)} keys in Valkey")
    look.problems += _suspicious(pieces)
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


def _files() -> Look:
    look, folder = Look("Files"), Path(settings.DATA_DIR)
    logs = [path for path in sorted((folder / "log").glob("*")) if path.is_file()]
    pieces = ((f"log file {path.name}", line) for path in logs for line in path.read_bytes().splitlines())
    look.problems += _suspicious(pieces)
    look.lines.append(f"{len(logs)} log files")
    for path in (path for pattern in _SECRET_FILES for path in folder.glob(pattern)):
        look.lines.append(f"{path.relative_to(folder)}: a secret of this installation, for its owner only")
        if path.stat().st_mode & _MODES:
            look.problems.append(f"{path.relative_to(folder)} can be read by others")
    return look


def _suspicious(pieces: Iterable[tuple[str, bytes]]) -> list[str]:
    """What looks like a mail address or is a secret of the environment, by where it is."""
    counts, known = Counter[str](), _secrets()
    for where, value in pieces:
        found = [match for match in _MAIL_ADDRESS.finditer(value) if not _PROCESS.match(value, match.start())]
        if found:
            counts[f"{where} holds what looks like a mail address"] += 1
        if any(secret in value for secret in known):
            counts[f"{where} holds a secret of the environment"] += 1
    return [f"{what} ({count} times)" for what, count in counts.items()]


def _secrets() -> list[bytes]:
    keys = [part for key in settings.GRANT_KEYS for part in (key.material, key.material.hex().encode())]
    return [settings.SECRET_KEY.encode(), *keys]
