"""All rows of a reader, found by what the models say of themselves: a new table is covered when it is born.

Owned models have an owner; other tables refer to the user, or hold the user name.
"""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, cast

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import F
from django_celery_results.models import TaskResult

from accounts import attempts
from accounts.models import (
    BackupCode,
    ContentKey,
    Grant,
    Identity,
    Invitation,
    KnownDevice,
    MailAccount,
    Passkey,
    ReaderSession,
    Transfer,
    User,
)
from accounts.ownership import Owned
from accounts.sealing import MAGIC

_AT_ONCE = 1000
_WAITING = "waiting"  # accounts.unlocking: the user's id stands first


def count(owner: int) -> int:
    """How many rows there are to remove. In a transaction of the reader's."""
    return sum(model.objects.for_user(owner).count() for model in _owned())


def shred(owner: int) -> None:
    """From the commit on nobody opens anything of this reader's, and nobody signs in as them.

    In a transaction of the reader's.
    """
    password = make_password(None)
    User.objects.filter(pk=owner).update(
        is_active=False, is_staff=False, is_superuser=False, password=password
    )
    MailAccount.objects.for_user(owner).update(
        state=MailAccount.State.PAUSED, fence=F("fence") + 1, lease_until=None, next_sync_at=None,
        password=None, token=None, smtp_password=None,
    )  # fmt: skip
    ContentKey.objects.for_user(owner).update(sealed=MAGIC)
    keys = list(ReaderSession.objects.for_user(owner).values_list("session_id", flat=True))
    Session.objects.filter(pk__in=keys).delete()
    for model in (Identity, Grant, BackupCode, KnownDevice, Passkey, ReaderSession):
        model.objects.for_user(owner).delete()
    for relation in _tables_of_others():
        relation.related_model._base_manager.filter(**{relation.field.name: owner}).delete()


def remove_some(work: Transfer) -> int | None:
    """A batch of rows of one table; at the end the user. None: nothing is left. In a transaction of theirs.

    Gives how many rows went.
    """
    for model in _owned():
        mine = model.objects.for_user(work.owner_id)
        if model is MailAccount:  # at the last: no sync of theirs is under way any more
            drop_results(mine.values_list("pk", flat=True))
        ids = list(mine.values_list("pk", flat=True)[:_AT_ONCE])
        if ids:
            mine.filter(pk__in=ids).delete()
            return len(ids)
    _forget(User.objects.get(pk=work.owner_id))
    return None


def _forget(user: User) -> None:
    """What is said of the user elsewhere, and the user."""
    attempts.lift(user.username.casefold()[:255])
    Invitation.objects.filter(user=user).delete()
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User))
    about.filter(object_id=str(user.pk)).delete()
    _drop_sessions(user.pk)
    user.delete()


def _drop_sessions(user_id: int) -> None:
    """Sessions that never came to a second factor, too: only their inside says whose they are."""
    rows = Session.objects.iterator(chunk_size=_AT_ONCE)
    Session.objects.filter(pk__in=[row.pk for row in rows if _is_of(row.get_decoded(), user_id)]).delete()


def _is_of(inside: dict[str, Any], user_id: int) -> bool:
    waiting = inside.get(_WAITING)
    return inside.get(SESSION_KEY) == str(user_id) or bool(waiting and waiting[0] == user_id)


def drop_results(accounts: Iterable[int]) -> None:
    """Delete what Celery keeps of syncs of these mail accounts: their ids."""
    args = [json.dumps(written) for pk in accounts for written in (f"({pk},)", f"[{pk}]")]
    TaskResult.objects.filter(task_args__in=args).delete()


def _tables_of_others() -> list[Any]:
    """Tables that refer to the user and go with them: authenticators, passkeys, whatever is installed."""
    return [
        relation
        for relation in User._meta.get_fields(include_hidden=True)
        if getattr(relation, "on_delete", None) is models.CASCADE
        and relation.auto_created
        and not issubclass(cast(Any, relation.related_model), Owned)
    ]


@cache
def _owned() -> list[Any]:
    """The owned models but for Transfer, which goes with the user; who refers to another comes before it."""
    left = {m for m in apps.get_models() if issubclass(m, Owned) and m is not Transfer}
    ordered: list[Any] = []
    while left:
        free = {model for model in left if not any(model in _named_by(other) for other in left - {model})}
        assert free, "owned models refer to one another in a circle"
        ordered += sorted(free, key=lambda model: str(model._meta.label))
        left -= free
    return ordered


def _named_by(model: Any) -> Iterable[Any]:
    return {field.related_model for field in model._meta.concrete_fields if field.related_model}
