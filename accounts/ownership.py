"""Rows belong to readers, and are reached through their owner or not at all.

`Model.objects` raises until `.for_user(user)` names whose rows are meant. Since it is the default manager,
`get_object_or_404(Model, …)`, the fields of a ModelForm and generic views fail closed too. Related managers
(`account.folders`) work as ever: the row they start from was already found through its owner.

`Model.unscoped` reaches everybody's rows, and only inside `acting_as_operator(reason)`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import connection, models, transaction

M = TypeVar("M", bound=models.Model)

_operating: ContextVar[str] = ContextVar("operating", default="")


class UnscopedQuery(RuntimeError):
    """A query over owned rows that does not say whose."""


def _owner_id(user: Any) -> int:
    key = user if isinstance(user, int) else user.pk
    if not isinstance(key, int) or isinstance(key, bool):
        raise UnscopedQuery("nobody is signed in")
    return key


class OwnedManager(models.Manager[M]):
    """The default manager of an owned model: see the module."""

    def for_user(self, user: Any) -> models.QuerySet[M]:
        """The rows of one reader, given as a user or a user's id. Raises UnscopedQuery for a visitor."""
        return super().get_queryset().filter(owner=_owner_id(user))

    def get_queryset(self) -> models.QuerySet[M]:
        """Raises UnscopedQuery, except where a row already found leads to others."""
        if hasattr(self, "instance"):
            return super().get_queryset()
        raise UnscopedQuery(f"{self.model.__name__}.objects needs .for_user(user)")


class UnscopedManager(models.Manager[M]):
    """Everybody's rows, for operators' work."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Raises UnscopedQuery outside `acting_as_operator`."""
        if not _operating.get():
            raise UnscopedQuery(f"{self.model.__name__}.unscoped needs acting_as_operator(reason)")
        return super().get_queryset()


class Owned(models.Model):
    """A row that belongs to one reader."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[OwnedManager[Self]] = OwnedManager()
    unscoped: ClassVar[UnscopedManager[Self]] = UnscopedManager()

    class Meta:
        abstract = True

    # Uniqueness is the database's business: Django would look it up through the manager that refuses.
    def validate_unique(self, exclude: Any = None) -> None:
        """Nothing: see above."""

    def validate_constraints(self, exclude: Any = None) -> None:
        """Nothing: see above."""


@contextmanager
def acting_as(user: Any) -> Iterator[None]:
    """A transaction in the name of one reader, who is told to the database."""
    with transaction.atomic():
        _tell("app.owner", str(_owner_id(user)))
        yield


@contextmanager
def acting_as_operator(reason: str) -> Iterator[None]:
    """Work over everybody's rows: dispatching, housekeeping, metrics, admin. `reason` says which."""
    if not reason:
        raise ValueError("a reason is needed")
    token = _operating.set(reason)
    try:
        yield
    finally:
        _operating.reset(token)


def _tell(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
