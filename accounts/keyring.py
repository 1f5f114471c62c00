"""The reader's keys at work: the only holder of key bytes.

`WorkerKeys` is what a grant of scope sync lends: it opens secrets and seals mail, and cannot read mail back.
`Vault` is the whole: it also opens what is sealed. Neither is ever stored, printed or sent as it is.
"""

import base64
import json
import os
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from accounts import kdf, sealing
from accounts.ids import draw_id
from accounts.kdf import Cost
from accounts.models import ContentKey, Identity
from accounts.recovery import read_recovery_key
from accounts.sealing import CannotOpen, Key, Place

_SYNC_KEY = 1  # the number by which envelopes name the sync key
_PASSWORD, _RECOVERY = 2, 3


def place(row: Any, name: str, purpose: str) -> Place:
    """Where the value of a row's field belongs. The row has its owner and its id already."""
    return Place(purpose, row.owner_id, row._meta.label_lower, name, row.pk)


@dataclass(frozen=True, slots=True)
class WorkerKeys:
    """What opens a reader's secrets and seals their mail."""

    owner: int
    identity_id: int
    public_key: bytes = field(repr=False)
    sync_key: Key = field(repr=False)
    hash_key: bytes = field(repr=False)

    def seal_secret(self, row: Any, name: str, value: bytes) -> bytes:
        """An envelope for the row's secret field."""
        return sealing.seal(self.sync_key, value, place(row, name, "secret"))

    def open_secret(self, row: Any, name: str) -> bytes:
        """The row's secret field. Raises CannotOpen."""
        return sealing.unseal(self.sync_key, getattr(row, name), place(row, name, "secret"))

    def open_text(self, row: Any, name: str) -> str:
        """The row's secret field, as text. Raises CannotOpen."""
        return self.open_secret(row, name).decode()

    def keyed(self, purpose: str, value: bytes) -> bytes:
        """The look-up value of something that may not be stored."""
        return sealing.keyed(self.hash_key, purpose, value)

    def new_content_key(self, row: ContentKey) -> Key:
        """A fresh key for a batch of mail; its sealed form is set on the row, whose id was drawn."""
        key = sealing.new_key(row.pk)
        row.sealed = self.seal_to_reader(row, "sealed", key.material)
        return key

    def seal_to_reader(self, row: Any, name: str, value: bytes) -> bytes:
        """An envelope that only the vault opens, for a row that has no content key of its own."""
        return sealing.seal_to(self.public_key, self.identity_id, value, place(row, name, "seal"))

    def seal(self, key: Key, row: Any, name: str, value: bytes) -> bytes:
        """An envelope under a content key."""
        return sealing.seal(key, value, place(row, name, "seal"))


@dataclass(frozen=True, slots=True)
class Vault(WorkerKeys):
    """What opens everything of one reader. Lives for one request."""

    secret: bytes = field(repr=False)
    _content: dict[int, Key] = field(default_factory=dict, repr=False)

    def open_to_reader(self, row: Any, name: str) -> bytes:
        """What `seal_to_reader` was given. Raises CannotOpen."""
        return sealing.open_sealed(self.secret, getattr(row, name), place(row, name, "seal"))

    def add_content_keys(self, ids: set[int]) -> None:
        """Open the content keys that a page needs, in one query."""
        missing = ids - self._content.keys()
        for row in ContentKey.objects.for_user(self.owner).filter(pk__in=missing) if missing else ():
            self._content[row.pk] = Key(row.pk, self.open_to_reader(row, "sealed"))

    def open(self, row: Any, name: str) -> bytes:
        """A field sealed under a content key. Raises CannotOpen."""
        envelope = getattr(row, name)
        wanted = sealing.key_id(envelope)
        self.add_content_keys({wanted})
        if wanted not in self._content:
            raise CannotOpen
        return sealing.unseal(self._content[wanted], envelope, place(row, name, "seal"))


def make(owner: int, password: str) -> tuple[Identity, Vault]:
    """A new reader's identity (unsaved) and its open vault. The recovery key comes later."""
    cost: Cost = settings.PASSWORD_COST
    secret, public = sealing.new_identity()
    row = Identity(
        pk=draw_id(Identity),
        owner_id=owner,
        public_key=public,
        salt=os.urandom(kdf.SALT_BYTES),
        memory=cost.memory,
        passes=cost.passes,
        lanes=cost.lanes,
    )
    vault = Vault(owner, row.pk, public, sealing.new_key(_SYNC_KEY), os.urandom(sealing.KEY_BYTES), secret)
    row.wrapped_by_password = _wrap(row, "wrapped_by_password", password_key(row, password), secret)
    row.sync_key = vault.seal_to_reader(row, "sync_key", vault.sync_key.material)
    row.hash_key = vault.seal_secret(row, "hash_key", vault.hash_key)
    return row, vault


def password_key(row: Identity, password: str) -> Key:
    """The key that wraps an identity (KEK). Slow on purpose. Raises ValueError on damaged parameters."""
    cost = Cost(row.memory, row.passes, row.lanes)
    return Key(_PASSWORD, kdf.password_key(password, bytes(row.salt), cost))


def unlock(row: Identity, key: Key) -> Vault:
    """The vault, by the key of the password or of the recovery key. Raises CannotOpen."""
    name = "wrapped_by_recovery" if key.id == _RECOVERY else "wrapped_by_password"
    return open_vault(row, _unwrap(row, name, key))


@dataclass(frozen=True, slots=True)
class FreshKey:
    """The key of a password under a salt and a cost of their own, not yet in use."""

    salt: bytes
    cost: Cost
    key: Key = field(repr=False)


def fresh_key(password: str) -> FreshKey:
    """A password's key under a new salt and this installation's cost. Raises kdf.Busy."""
    salt, cost = os.urandom(kdf.SALT_BYTES), settings.PASSWORD_COST
    return FreshKey(salt, cost, Key(_PASSWORD, kdf.password_key(password, salt, cost)))


def is_outdated(row: Identity) -> bool:
    """Whether the password's key was made at less than this installation's cost of now."""
    cost: Cost = settings.PASSWORD_COST
    return row.memory < cost.memory or row.passes < cost.passes


def recovery_key(text: str) -> Key:
    """The key of a recovery key as written. Raises Misread."""
    return _recovery_key(read_recovery_key(text))


def unlock_by_recovery(row: Identity, text: str) -> Vault:
    """The vault, by the recovery key as written. Raises Misread, CannotOpen."""
    return unlock(row, recovery_key(text))


def open_vault(row: Identity, secret: bytes) -> Vault:
    """The vault of an identity whose secret half is known. Raises CannotOpen."""
    public = bytes(row.public_key)
    if len(secret) != sealing.SECRET_BYTES or sealing.public_half(secret) != public:
        raise CannotOpen
    sync_key = Key(_SYNC_KEY, sealing.open_sealed(secret, row.sync_key, place(row, "sync_key", "seal")))
    hash_key = sealing.unseal(sync_key, row.hash_key, place(row, "hash_key", "secret"))
    return Vault(row.owner_id, row.pk, public, sync_key, hash_key, secret)


def hold(keys: WorkerKeys) -> Identity:
    """The identity's row, locked until the transaction ends: no new keys come in between.

    The first lock of a transaction that wraps the identity, or stores what these keys have sealed. Raises
    CannotOpen where they are not the reader's any more.
    """
    row = Identity.objects.for_user(keys.owner).select_for_update().first()
    if row is None or bytes(row.public_key) != keys.public_key:
        raise CannotOpen
    return row


def rewrap(row: Identity, vault: Vault, fresh: FreshKey) -> None:
    """Set a password's new wrap on the row: nothing else is encrypted anew."""
    row.salt = fresh.salt
    row.memory, row.passes, row.lanes = fresh.cost.memory, fresh.cost.passes, fresh.cost.lanes
    row.wrapped_by_password = _wrap(row, "wrapped_by_password", fresh.key, vault.secret)


def wrap_by_recovery(row: Identity, vault: Vault, text: str) -> None:
    """Set the wrap by a recovery key as written: the one before is worth nothing then. Raises Misread."""
    row.wrapped_by_recovery = _wrap(row, "wrapped_by_recovery", recovery_key(text), vault.secret)


def renew(row: Identity, vault: Vault) -> Vault:
    """A fresh identity and a fresh sync key on the same row, and their vault; both wraps are still to be set.

    The hash key stays: it opens nothing, and what is kept under it could not be hashed anew.
    """
    secret, public = sealing.new_identity()
    fresh = Vault(vault.owner, row.pk, public, sealing.new_key(_SYNC_KEY), vault.hash_key, secret)
    row.public_key = public
    row.sync_key = fresh.seal_to_reader(row, "sync_key", fresh.sync_key.material)
    row.hash_key = fresh.seal_secret(row, "hash_key", fresh.hash_key)
    return fresh


def lend(vault: WorkerKeys) -> bytes:
    """What a grant of scope sync carries: to be sealed under the server's key at once."""
    parts = {"sync": vault.sync_key.material, "public": vault.public_key}
    return json.dumps({name: base64.b64encode(value).decode() for name, value in parts.items()}).encode()


def borrow(row: Identity, lent: bytes) -> WorkerKeys:
    """The keys that a grant carries. Raises CannotOpen where the identity's row is not the one they name."""
    parts = {name: base64.b64decode(value) for name, value in json.loads(lent).items()}
    if parts["public"] != bytes(row.public_key):
        raise CannotOpen
    sync_key = Key(_SYNC_KEY, parts["sync"])
    hash_key = sealing.unseal(sync_key, row.hash_key, place(row, "hash_key", "secret"))
    return WorkerKeys(row.owner_id, row.pk, parts["public"], sync_key, hash_key)


def _recovery_key(key: bytes) -> Key:
    return Key(_RECOVERY, kdf.derive(key, "recovery"))


def _wrap(row: Identity, name: str, key: Key, secret: bytes) -> bytes:
    return sealing.seal(key, secret, place(row, name, "wrap"))


def _unwrap(row: Identity, name: str, key: Key) -> bytes:
    return sealing.unseal(key, getattr(row, name) or b"", place(row, name, "wrap"))
