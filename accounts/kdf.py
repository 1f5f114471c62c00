"""Keys out of passwords and out of other keys. Pure; the only Argon2id and HKDF calls.

Argon2id goes through argon2-cffi: `cryptography`'s own hangs for ever when two threads derive with several
lanes at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SALT_BYTES = 16

#: Each derivation takes its memory at once, that of a login hash too: more than two together would let
#: sign-ins exhaust the machine.
AT_ONCE = threading.BoundedSemaphore(2)
PATIENCE = 10  # seconds; whoever waits for longer is told so, and does not keep a thread of the web process

_FLOOR = (19 * 1024, 2, 1)  # OWASP's minimum: 19 MiB, two passes
_CAP = (1024 * 1024, 10, 8)  # a database writer must not be able to ask for the machine's memory


class Busy(Exception):
    """Too many derivations wait for their turn."""


@contextmanager
def turn() -> Iterator[None]:
    """One's turn to derive. Raises Busy when it does not come."""
    if not AT_ONCE.acquire(timeout=PATIENCE):
        raise Busy
    try:
        yield
    finally:
        AT_ONCE.release()


@dataclass(frozen=True, slots=True)
class Cost:
    """Argon2id parameters: memory in KiB, passes, lanes. The default is RFC 9106's second profile."""

    memory: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def checked(self) -> "Cost":
        """These parameters, if they are sane. Raises ValueError: they come from the database."""
        given = (self.memory, self.passes, self.lanes)
        if any(value < low or value > high for value, low, high in zip(given, _FLOOR, _CAP, strict=True)):
            raise ValueError("Argon2 parameters out of bounds")
        return self


def password_key(password: str, salt: bytes, cost: Cost) -> bytes:
    """The 32-byte key of a password (RFC 9106, Argon2id). Raises Busy, and ValueError on parameters out of
    bounds."""
    cost.checked()
    with turn():
        return hash_secret_raw(
            secret=password.encode("utf-8", "surrogatepass"),
            salt=salt,
            time_cost=cost.passes,
            memory_cost=cost.memory,
            parallelism=cost.lanes,
            hash_len=32,
            type=Type.ID,
        )


def derive(secret: bytes, label: str) -> bytes:
    """A 32-byte key for one purpose out of a strong key (RFC 5869, HKDF-SHA256, no salt)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mh1:" + label.encode()).derive(secret)
