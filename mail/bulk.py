"""Many rows in one statement: each column goes to the server as one array.

executemany costs the server a statement a row, which is more than the row itself; COPY is refused under row
level security.
"""

import functools
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection, models


def insert(model: type[models.Model], columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert `rows`, whose values stand in the order of `columns`: attribute names of the model."""
    if not rows:
        return
    connection.ensure_connection()
    # psycopg's own cursor binds on the server, in binary: Django's would send literals.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_statement(model, columns), [list(column) for column in zip(*rows, strict=True)])


@functools.cache
def _statement(model: type[models.Model], columns: tuple[str, ...]) -> str:
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    names = ", ".join(str(field.column) for field in fields)
    arrays = ", ".join(f"%b::{_element(field)}[]" for field in fields)
    return f"INSERT INTO {model._meta.db_table} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608


def _element(field: Any) -> str:
    """The column's type without its length: a cast would cut a value where an insert refuses it."""
    return str(field.db_type(connection)).partition("(")[0]
