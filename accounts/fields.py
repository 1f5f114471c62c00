"""How a column is kept. Each model field declares itself, and a guard test refuses one that does not.

* sealed: only the reader's vault opens it (content key or identity).
* secret: the reader's sync key opens it; a worker holds that key while a grant lives.
* keyed: an HMAC under the reader's random hash key, for equality look-ups.
* server: only the keys of this installation's environment open it (`GRANT_KEYS`).
* plain: readable by whoever has the database; the model says why in `PLAIN`.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import models

from accounts.sealing import Place


class ProtectedField(models.BinaryField):  # type: ignore[type-arg]
    """Bytes that mean nothing without a key. Never editable, so that no form or admin page shows them."""

    privacy: ClassVar[str]

    def from_db_value(self, value: Any, *_: object) -> bytes | None:
        """One type for what psycopg hands out as bytes or memoryview."""
        return None if value is None else bytes(value)


class SealedField(ProtectedField):
    """An envelope that only the signed-in reader can open: by the identity, or by a content key."""

    privacy = "sealed"

    def __init__(self, *args: Any, by_content_key: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.by_content_key = by_content_key


class SecretField(ProtectedField):
    """An envelope under the reader's sync key."""

    privacy = "secret"


class ServerField(ProtectedField):
    """An envelope under the server's keys.

    `place` tells where a row's value belongs, so that it can be sealed again under a newer key.
    """

    privacy = "server"

    def __init__(self, *args: Any, place: Callable[[Any], Place] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.place = place  # no part of a migration: it is not the column's business


class KeyedField(ProtectedField):
    """A 16-byte HMAC under the reader's hash key."""

    privacy = "keyed"


class WrappedField(ProtectedField):
    """The reader's identity, wrapped by a key that is kept nowhere."""

    privacy = "sealed"
