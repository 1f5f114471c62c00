"""Every column of every table: how it is kept, and why it may be so."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from accounts.fields import ProtectedField
from mailhelper.privacy.libraries import REASONS, TABLES

WHY = {
    "sealed": "opens for its signed-in reader only",
    "secret": "opens for its reader, and for workers while a key is lent",
    "keyed": "a digest under the reader's own key, to compare",
    "server": "opens with the keys of the environment",
}

# Of every schema, whoever owns it: tables, partitions, views, kept views, and what lies elsewhere.
_THERE = """
    SELECT CASE n.nspname WHEN current_schema() THEN '' ELSE n.nspname || '.' END || c.relname, a.attname
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
     ORDER BY 1, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Column:
    """`kept` is "sealed", "secret", "keyed", "server" or "plain"; "" where nobody has said."""

    table: str
    name: str
    kept: str
    why: str


def declared() -> list[Column]:
    """Those that models know, ours and the libraries'."""
    found = [column for model in apps.get_models(include_auto_created=True) for column in _of(model)]
    return sorted(found, key=lambda column: column.table)


def unknown() -> list[Column]:
    """Those that are in the database and that no model knows."""
    known = {(column.table, column.name) for column in declared()}
    with connection.cursor() as cursor:
        cursor.execute(_THERE)
        there = cursor.fetchall()
    return [
        Column(table, name, "", "")
        for table, name in there
        if (table, name) not in known and table not in TABLES
    ]


def protected() -> list[tuple[type[models.Model], ProtectedField]]:
    """The fields that hold envelopes or digests."""
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, ProtectedField)
    ]


def _of(model: type[models.Model]) -> Iterator[Column]:
    plain: dict[str, str] = getattr(model, "PLAIN", None) or REASONS.get(model._meta.label, {})
    for field in model._meta.concrete_fields:
        yield Column(model._meta.db_table, str(field.column), *_kept(field, plain))


def _kept(field: Any, plain: dict[str, str]) -> tuple[str, str]:
    if isinstance(field, ProtectedField):
        return field.privacy, WHY[field.privacy]
    why = plain.get(field.name, "")
    return ("plain", why) if why else ("", "")
