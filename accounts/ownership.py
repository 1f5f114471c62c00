"""Rows belong to readers, and are reached through their owner or not at all.

`Model.objects` raises until `.for_user(user)` names whose rows are meant. Since it is the default manager,
`get_object_or_404(Model, …)`, the fields of a ModelForm and generic views fail closed too. Related managers
(`account.folders`) work as ever: the row they start from was already found through its owner.

`Model.unscoped` reaches everybody's rows, and only inside `acting_as_operator(reason)`.

Behind this stands a second wall (`accounts.rowsecurity`): outside `acting_as(user)` and `acting_as_operator`
the database itself shows no owned row at all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import connection, models, transaction

M = TypeVar("M", bound=models.Model)

# The target list is evaluated from left to right: what was comes before what is set.
_TELL = """
    SELECT coalesce(current_setting('app.owner', true), ''), coalesce(current_setting('app.all', true), ''),
           set_config('app.owner', %s, true), set_config('app.all', %s, true)
"""

_EVERYBODY = -1  # no row has that id

_operating: ContextVar[str] = ContextVar("operating", default="")
_whose: ContextVar[int | None] = ContextVar("whose", default=None)


class UnscopedQuery(RuntimeError):
    """A query over owned rows that does not say whose."""


def _owner_id(user: Any) -> int:
    key = user if isinstance(user, int) else user.pk
    if not isinstance(key, int) or isinstance(key, bool) or key <= 0:
        raise UnscopedQuery("nobody is signed in")
    return key


class OwnedManager(models.Manager[M]):
    """The default manager of an owned model: see the module."""

    def for_user(self, user: Any) -> models.QuerySet[M]:
        """The rows of one reader, given as a user or a user's id.

        Raises UnscopedQuery for a visitor, and where no transaction acts in that reader's name: the database
        would show no row, and "there is nothing" must never be a mistake.
        """
        owner = _owner_id(user)
        if _whose.get() not in (owner, _EVERYBODY):
            raise UnscopedQuery(f"{self.model.__name__}: not in the name of its owner (acting_as)")
        return super().get_queryset().filter(owner=owner)

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


def everybodys(model: type[M]) -> models.QuerySet[M]:
    """All rows of any model. Those of an owned one raise UnscopedQuery outside `acting_as_operator`."""
    manager: models.Manager[M] = getattr(model, "unscoped", model._default_manager)
    return manager.all()


@contextmanager
def acting_as(user: Any) -> Iterator[None]:
    """A transaction in the name of one reader: the database shows it no other rows.

    Within another one it is a savepoint, after which the outer name holds again.
    """
    with _in_the_name_of(_owner_id(user)):
        yield


@contextmanager
def acting_as_operator(reason: str) -> Iterator[None]:
    """A transaction over everybody's rows: dispatching, housekeeping, metrics, admin. `reason` says which."""
    if not reason:
        raise ValueError("a reason is needed")
    token = _operating.set(reason)
    try:
        with _in_the_name_of(_EVERYBODY):
            yield
    finally:
        _operating.reset(token)


@contextmanager
def _in_the_name_of(owner: int) -> Iterator[None]:
    within = connection.in_atomic_block
    with transaction.atomic():
        if within and _whose.get() == owner:
            yield
            return
        before = _tell("", "on") if owner == _EVERYBODY else _tell(str(owner), "")
        token = _whose.set(owner)
        try:
            yield
        finally:
            _whose.reset(token)
        # A rollback takes the settings back by itself, the end of the whole transaction drops them.
        if within and not connection.needs_rollback:
            _tell(*before)


def _tell(owner: str, everybody: str) -> tuple[str, str]:
    """Set both settings until the transaction ends; give what they were. One round trip."""
    with connection.cursor() as cursor:
        cursor.execute(_TELL, [owner, everybody])
        before: tuple[str, str] = cursor.fetchone()[:2]
    return before
