"""Sessions in the database, whose keys are letters and digits."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Django's. A cookie can hold what PostgreSQL takes for no text: that is no key, and no error."""

    def _validate_session_key(self, key: Any) -> bool:
        return bool(super()._validate_session_key(key)) and key.isascii() and key.isalnum()  # type: ignore[misc]
