"""This very installation, read as a thief would who has its database, cache, files and environment.

Each look returns lines of what was found, and problems: what should not have been there. Neither holds
anything that was read, only where it was and how much. Nothing is changed by looking.
"""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, models
from django.db.models import Count, Q
from django.db.models.functions import Substr
from django_celery_results.models import TaskResult

from accounts import grants, sealing
from accounts.fields import KeyedField, ProtectedField, SecretField, ServerField
from accounts.grants import NoGrant
from accounts.keyring import WorkerKeys
from accounts.models import Grant
from accounts.ownership import Owned, acting_as_operator, everybodys
from accounts.sealing import CannotOpen, Key, Place
from mailhelper.privacy import outside
from mailhelper.privacy.columns import protected
from mailhelper.privacy.look import Look, holds_mail_address

_AT_ONCE = 500
_SEEN = 96  # bytes of a value that its form is told by: a mail may be long
_SAMPLE = 200  # values of a column that are tried with keys
_PURPOSES = ("seal", "secret", "server", "wrap")
_MAIL_ADDRESS = r"[[:alnum:]_.+-]+@([[:alnum:]_-]+[.])+[[:alpha:]]{2,}"
_SENTENCE = re.compile(r"[^\W\d_]{2,}\s+[^\W\d_]{2,}")

#: Where what looks like a mail address may be a reader's user name, or the name of a process.
_NAMES = {
    "accounts.User.username",
    "admin.LogEntry.object_repr",
    "axes.AccessAttempt.username",
    "axes.AccessFailureLog.username",
    "django_celery_results.TaskResult.worker",
}


def looks() -> Iterator[Look]:
    """All of them."""
    with acting_as_operator("privacy check"):
        yield _forms()
        yield _plain()
        yield _with_the_environment()
        yield _with_grants()
        yield _sessions()
        yield _results()
        connection.set_rollback(True)  # borrowing a key notes when it was used last
    yield outside.cache()
    yield outside.files()


def _forms() -> Look:
    """Whether protected columns hold what they say."""
    look, counts = Look("Protected columns"), Counter[str]()
    for model, column in protected():
        odd = 0
        for value in _beginnings(model, column):
            counts[column.privacy] += 1
            odd += not _has_form(column, bytes(value))
        if odd:
            look.problems.append(f"{_place_of(model, column)}: {odd} values are in the clear")
    look.lines = [f"{counts[kept]} {kept} values" for kept in ("sealed", "secret", "keyed", "server")]
    return look


def _beginnings(model: type[models.Model], column: ProtectedField) -> Iterator[Any]:
    rows = everybodys(model).exclude(**{column.name: None})
    return rows.values_list(Substr(column.name, 1, _SEEN), flat=True).iterator(_AT_ONCE)


def _has_form(column: ProtectedField, value: bytes) -> bool:
    if isinstance(column, KeyedField):
        return len(value) == sealing.HASH_BYTES
    # What was shredded keeps the first letters of an envelope, and nothing else.
    return value == sealing.MAGIC or (_key_id(value) is not None and not _is_text(value))


def _is_text(value: bytes) -> bool:
    """Ciphertext is no UTF-8: of thirty random bytes one in a billion is. The end may be cut in a letter."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(value[len(sealing.MAGIC) + 8 :])
    except UnicodeDecodeError:
        return False
    return True


def _plain() -> Look:
    """What anybody with the database reads, and whether a mail address is among it."""
    look, rows, columns = Look("Plain columns"), 0, 0
    for model in apps.get_models(include_auto_created=True):
        plain = [one for one in model._meta.concrete_fields if not isinstance(one, ProtectedField)]
        found = everybodys(model).aggregate(rows=Count("*"), **_addresses(model, plain))
        rows, columns = rows + found.pop("rows"), columns + len(plain)
        table = model._meta.db_table
        odd = [
            f"{table}.{name}: {count} values look like mail addresses"
            for name, count in found.items()
            if count
        ]
        look.problems += odd
    look.lines.append(f"{rows} rows; {columns} of their columns are readable, each for its declared reason")
    return look


def _addresses(model: type[models.Model], columns: list[Any]) -> dict[str, Count]:
    """How many values of each column of text look like mail addresses, to be asked for at once."""
    texts = [one for one in columns if isinstance(one, models.CharField | models.TextField)]
    return {
        f"{one.column}": Count("pk", filter=Q(**{f"{one.name}__regex": _MAIL_ADDRESS}))
        for one in texts
        if f"{model._meta.label}.{one.name}" not in _NAMES
    }


def _with_the_environment() -> Look:
    """What opens with GRANT_KEYS alone."""
    look = Look("With the secrets of the environment")
    for model, column in protected():
        tried = [_opens(settings.GRANT_KEYS, row, column) for row in _sample(model, column)]
        where, opened = _place_of(model, column), sum(tried)
        if isinstance(column, ServerField) and tried:
            look.lines.append(f"{where}: {opened} of {len(tried)} open, as declared")
        elif opened:
            look.problems.append(f"{where}: {opened} of {len(tried)} open, and should not")
    return look


def _with_grants() -> Look:
    """What opens, on top of it, with the keys that readers have lent."""
    look = Look("With the keys that are lent now")
    owners = Grant.unscoped.filter(scope=Grant.Scope.SYNC).values_list("owner", flat=True).distinct()
    lent = list(filter(None, (_borrowed(owner) for owner in owners)))
    look.lines.append(f"{len(lent)} readers have lent their sync key; without one no secret opens")
    for model, column in protected():
        opened = sum(_opened_for(keys, model, column) for keys in lent)
        where = _place_of(model, column)
        if opened and isinstance(column, SecretField):
            look.lines.append(f"{where}: {opened} values open, as declared")
        elif opened:
            look.problems.append(f"{where}: {opened} values open with a lent key, and should not")
    return look


def _opened_for(keys: WorkerKeys, model: type[models.Model], column: ProtectedField) -> int:
    if not issubclass(model, Owned) or isinstance(column, ServerField):
        return 0
    return sum(_opens((keys.sync_key,), row, column) for row in _sample(model, column, owner=keys.owner))


def _sample(model: type[models.Model], column: ProtectedField, **of: int) -> Iterator[Any]:
    """The newest rows that hold something, one by one: a mail may be long."""
    rows: models.QuerySet[Any] = everybodys(model).filter(**of).exclude(**{column.name: None})
    return rows.order_by("-pk")[:_SAMPLE].iterator(1)


def _opens(keys: tuple[Key, ...], row: Any, column: ProtectedField) -> bool:
    """Whether one of the keys opens it, in whatever purpose it was sealed, and whatever key it names."""
    envelope = bytes(getattr(row, column.name))
    wanted = _key_id(envelope)
    if wanted is None:
        return False
    return any(
        _unseals(Key(wanted, key.material), envelope, place) for key in keys for place in _places(row, column)
    )


def _unseals(key: Key, envelope: bytes, place: Place) -> bool:
    try:
        sealing.unseal(key, envelope, place)
    except CannotOpen:
        return False
    return True


def _places(row: Any, column: ProtectedField) -> list[Place]:
    if isinstance(column, ServerField) and column.place:
        return [column.place(row)]
    owner = getattr(row, "owner_id", 0)
    return [Place(purpose, owner, row._meta.label_lower, column.name, row.pk) for purpose in _PURPOSES]


def _borrowed(owner: int) -> WorkerKeys | None:
    try:
        return grants.borrow(owner)
    except NoGrant:
        return None


def _key_id(envelope: bytes) -> int | None:
    try:
        return sealing.key_id(envelope)
    except CannotOpen:
        return None


def _sessions() -> Look:
    """Sessions, opened as Django opens them."""
    look, halves = Look("Sessions"), 0
    total = Session.objects.count()
    for row in Session.objects.iterator(_AT_ONCE):
        data = row.get_decoded()
        halves += "half" in data or "waiting" in data
        if holds_mail_address(json.dumps(data).encode()):
            look.problems.append("a session holds a mail address")
    look.lines.append(f"{total} sessions; {halves} hold half of a key, worth nothing without the cookie's")
    return look


def _results() -> Look:
    """What tasks were told and gave: ids, counts, codes, in which no two words follow each other."""
    look, odd = Look("Results of tasks"), 0
    for values in TaskResult.objects.values("task_args", "task_kwargs", "result").iterator(_AT_ONCE):
        odd += any(_SENTENCE.search(value or "") for value in _own(values))
    look.lines.append(f"{TaskResult.objects.count()} results: ids, counts and error codes")
    if odd:
        look.problems.append(f"{odd} results hold more than ids, counts and error codes")
    return look


def _own(values: Mapping[str, Any]) -> list[Any]:
    """Without the sentences of Celery itself, such as that a worker was killed."""
    try:
        result = json.loads(values["result"] or "null")
    except ValueError:
        result = None
    module = result.get("exc_module", "") if isinstance(result, dict) else ""
    theirs = str(module).startswith(("billiard.", "celery."))
    return [values["task_args"], values["task_kwargs"], None if theirs else values["result"]]


def _place_of(model: type[models.Model], column: Any) -> str:
    return f"{model._meta.db_table}.{column.column}"
