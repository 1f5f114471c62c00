"""The login hash: it guards the door, and shares nothing with the key of the vault but the password."""

from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts.kdf import turn


class PasswordHasher(Argon2PasswordHasher):
    """Django's Argon2id with this installation's cost, two at once at most, the keys of vaults counted in."""

    def params(self) -> Any:
        """The parameters, for argon2-cffi."""
        self.memory_cost = settings.PASSWORD_COST.memory
        self.time_cost = settings.PASSWORD_COST.passes
        self.parallelism = settings.PASSWORD_COST.lanes
        return super().params()

    def encode(self, password: str, salt: str) -> str:
        """The stored form. Raises kdf.Busy."""
        with turn():
            return str(super().encode(password, salt))

    def must_update(self, encoded: str) -> bool:
        """Never at the door: hash and wrap change in one transaction, once both factors were shown."""
        return False

    def verify(self, password: str, encoded: str) -> bool:
        """Whether the password is the one that was stored. Raises kdf.Busy."""
        with turn():
            return bool(super().verify(password, encoded))
