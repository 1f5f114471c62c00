"""Everything under the server's keys, sealed anew under the first of them, so that an old one may go.

What is found is what the models declare (`ServerField`): a new column is covered from its first day. Values
keep their places; a grant keeps its terms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from accounts import sealing, serverkeys
from accounts.fields import ServerField
from accounts.ownership import acting_as_operator, everybodys
from accounts.sealing import CannotOpen

_AT_ONCE = 200


@dataclass(slots=True)
class Rotated:
    """What became of a column's values. `closed` ones open with none of the keys, and stay as they are."""

    column: str
    anew: int = 0
    already: int = 0
    closed: int = 0


def columns() -> list[tuple[type[models.Model], ServerField]]:
    """All that is under the server's keys."""
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, ServerField)
    ]


def rotate() -> Iterator[Rotated]:
    """Go through all columns; may be broken off and run again at any time."""
    for model, field in columns():
        yield _rotate_column(model, field)


def _rotate_column(model: type[models.Model], field: ServerField) -> Rotated:
    rotated, last = Rotated(f"{model._meta.db_table}.{field.column}"), 0
    while pks := _batch(model, field, last, rotated):
        last = pks[-1]
    return rotated


def _batch(model: type[models.Model], field: ServerField, after: int, rotated: Rotated) -> list[int]:
    """Some rows, in a transaction: nobody else changes them meanwhile. Returns their ids."""
    with acting_as_operator("rotate the server's keys"):
        rows = everybodys(model)
        batch = list(rows.select_for_update().filter(pk__gt=after).order_by("pk")[:_AT_ONCE])
        for row in batch:
            _rotate_value(rows, row, field, rotated)
    return [row.pk for row in batch]


def _rotate_value(rows: models.QuerySet[Any], row: Any, field: ServerField, rotated: Rotated) -> None:
    envelope, keys = getattr(row, field.name), settings.GRANT_KEYS
    if envelope is None:
        return
    assert field.place, f"{rotated.column} does not tell where its values belong"
    try:
        value = serverkeys.unseal(keys, envelope, field.place(row))
    except CannotOpen:
        rotated.closed += 1
        return
    if sealing.key_id(envelope) == keys[0].id:
        rotated.already += 1
        return
    rows.filter(pk=row.pk).update(**{field.name: serverkeys.seal(keys, value, field.place(row))})
    rotated.anew += 1
