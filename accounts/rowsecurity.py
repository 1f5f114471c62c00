"""The second wall around owned rows: PostgreSQL itself shows a transaction the rows of its owner only.

Whose transaction it is stands in the setting `app.owner`, for its length; `app.all` opens everything, for
operators' work (`accounts.ownership`). The policy holds for the table's own role too (FORCE), so one ordinary
role serves. It guards against a forgotten filter, not against injected SQL, which could set both.
"""

from typing import Any

from django.db.migrations.operations.base import Operation

#: Sub-selects are evaluated once a query, not once a row.
POLICY = (
    "owner_id = (SELECT NULLIF(current_setting('app.owner', true), '')::bigint) "
    "OR (SELECT current_setting('app.all', true) = 'on')"
)


class Guard(Operation):
    """A migration's step: row level security on an owned model's table."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str) -> None:
        self.model = model

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Django's picture of the models stays as it is."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Raise the wall."""
        table = self._table(app_label, schema_editor, to_state)
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        schema_editor.execute(f"CREATE POLICY owned ON {table} USING ({POLICY})")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Take it down."""
        table = self._table(app_label, schema_editor, from_state)
        schema_editor.execute(f"DROP POLICY owned ON {table}")
        schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        """For `migrate`."""
        return f"Guard the rows of {self.model} by their owner"

    def _table(self, app_label: str, schema_editor: Any, state: Any) -> str:
        name: str = state.apps.get_model(app_label, self.model)._meta.db_table
        quoted: str = schema_editor.quote_name(name)
        return quoted
