"""Sessions in the database, whose keys are letters and digits."""

from typing import Any

from django.contrib.sessions.backends import db

from accounts.ownership import acting_as_operator


class SessionStore(db.SessionStore):
    """Django's. A cookie can hold what PostgreSQL takes for no text: that is no key, and no error."""

    def _validate_session_key(self, key: Any) -> bool:
        return bool(super()._validate_session_key(key)) and key.isascii() and key.isalnum()  # type: ignore[misc]

    def delete(self, session_key: str | None = None) -> None:
        """End a session and what its reader's rows say of it: whoever asks may not be that reader."""
        with acting_as_operator("end a session"):
            super().delete(session_key)
