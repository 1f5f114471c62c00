"""Ids drawn before a row is written: what is sealed is bound to its row's id."""

from django.db import connection, models

# The sequence is looked up once, not once an id.
_DRAW = """
    WITH sequence AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name)
    SELECT nextval(name) FROM sequence, generate_series(1, %s)
"""


def draw_ids(model: type[models.Model], count: int = 1) -> list[int]:
    """`count` fresh ids of the model's sequence, in one round trip."""
    with connection.cursor() as cursor:
        cursor.execute(_DRAW, [model._meta.db_table, count])
        return [row[0] for row in cursor.fetchall()]


def draw_id(model: type[models.Model]) -> int:
    """One fresh id."""
    return draw_ids(model)[0]
