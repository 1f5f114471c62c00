"""Who passed the first factor, and what waits with them for the second: it is sealed in between."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from accounts.kdf import Cost
from accounts.keyring import FreshKey
from accounts.models import User
from accounts.sealing import Key


@dataclass(frozen=True, slots=True)
class Waiting:
    """`key` opens the identity: the password's, or the recovery key's.

    `fresh` is the key under which the identity is to be wrapped once the second factor is shown, and
    `login_hash` is of the same password: the present one at today's cost, or where the reader `recovers`, a
    new one.
    """

    user: User
    key: Key
    fresh: FreshKey | None = None
    login_hash: str = field(default="", repr=False)
    recovers: bool = False

    def dump(self) -> bytes:
        """All but the user, to be sealed."""
        fresh = _dump_fresh(self.fresh) if self.fresh else None
        return json.dumps([_dump_key(self.key), fresh, self.login_hash, self.recovers]).encode()

    @classmethod
    def load(cls, user: User, dumped: bytes) -> "Waiting":
        """What was dumped."""
        key, fresh, login_hash, recovers = json.loads(dumped)
        return cls(user, _load_key(key), _load_fresh(fresh) if fresh else None, login_hash, recovers)


def _dump_key(key: Key) -> list[Any]:
    return [key.id, base64.b64encode(key.material).decode()]


def _load_key(parts: list[Any]) -> Key:
    return Key(parts[0], base64.b64decode(parts[1]))


def _dump_fresh(fresh: FreshKey) -> list[Any]:
    cost = [fresh.cost.memory, fresh.cost.passes, fresh.cost.lanes]
    return [base64.b64encode(fresh.salt).decode(), cost, _dump_key(fresh.key)]


def _load_fresh(parts: list[Any]) -> FreshKey:
    return FreshKey(base64.b64decode(parts[0]), Cost(*parts[1]), _load_key(parts[2]))
