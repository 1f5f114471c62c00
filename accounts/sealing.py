"""The only AES-GCM, HPKE and HMAC calls of the house. Pure: bytes in, bytes out.

Every stored value is an envelope, version first, so that a later format can read this one:

    AES-256-GCM   mh1 ‖ key id (8 bytes, big-endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
    HPKE          mh1 ‖ key id (8 bytes, big-endian) ‖ encapsulated key (1120) ‖ ciphertext ‖ tag (16)

What an envelope holds is bound to its place: `Place.encode()` goes in as associated data for AES-GCM, and as
`info` for HPKE, whose associated data this library does not offer. A value copied to another row, column or
owner does not open. HPKE is RFC 9180 in base mode with ML-KEM-768 + X25519, HKDF-SHA256 and AES-256-GCM.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

MAGIC = b"mh1"
KEY_BYTES = 32
SECRET_BYTES = 96  # ML-KEM-768 seed (64) ‖ X25519 private key (32)
PUBLIC_BYTES = 1216  # ML-KEM-768 public key (1184) ‖ X25519 public key (32)
HASH_BYTES = 16

_HEAD = len(MAGIC) + 8
_NONCE = 12
_TAG = 16
_SEED = 64
_MLKEM_PUBLIC = 1184
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class CannotOpen(Exception):
    """The envelope is damaged, belongs to another place, or the key is not its own. It never says which."""

    def __init__(self) -> None:
        super().__init__("the envelope does not open")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an envelope belongs. `model` is its label ("mail.email"); `row` its id, known before sealing."""

    purpose: str
    owner: int
    model: str
    field: str
    row: int

    def encode(self) -> bytes:
        """One unambiguous line: none of the parts can hold a colon."""
        return f"mh1:{self.purpose}:{self.owner}:{self.model}:{self.field}:{self.row}".encode()


@dataclass(frozen=True, slots=True)
class Key:
    """A symmetric key of 32 bytes and the number by which envelopes name it."""

    id: int
    material: bytes = field(repr=False)


def new_key(key_id: int) -> Key:
    """A fresh random key."""
    return Key(key_id, os.urandom(KEY_BYTES))


def key_id(envelope: bytes) -> int:
    """The number of the key that an envelope wants. Raises CannotOpen if it is no envelope."""
    if len(envelope) < _HEAD + _NONCE + _TAG or envelope[: len(MAGIC)] != MAGIC:
        raise CannotOpen
    return int.from_bytes(envelope[len(MAGIC) : _HEAD], "big")


def seal(key: Key, plaintext: bytes, place: Place) -> bytes:
    """An AES-256-GCM envelope under a fresh random nonce."""
    head = MAGIC + key.id.to_bytes(8, "big")
    nonce = os.urandom(_NONCE)
    return head + nonce + AESGCM(key.material).encrypt(nonce, plaintext, head + place.encode())


def unseal(key: Key, envelope: bytes, place: Place) -> bytes:
    """What `seal` was given. Raises CannotOpen."""
    if key_id(envelope) != key.id:
        raise CannotOpen
    head, nonce, sealed = envelope[:_HEAD], envelope[_HEAD : _HEAD + _NONCE], envelope[_HEAD + _NONCE :]
    try:
        return AESGCM(key.material).decrypt(nonce, sealed, head + place.encode())
    except InvalidTag:
        raise CannotOpen from None


def new_identity() -> tuple[bytes, bytes]:
    """A fresh HPKE key pair: (secret of 96 bytes, public key of 1216 bytes)."""
    mlkem, x25519 = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    secret = mlkem.private_bytes_raw() + x25519.private_bytes_raw()
    return secret, mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def public_half(secret: bytes) -> bytes:
    """The public key of an identity's secret: what it must equal is checked before anything is opened."""
    mlkem = MLKEM768PrivateKey.from_seed_bytes(secret[:_SEED])
    x25519 = X25519PrivateKey.from_private_bytes(secret[_SEED:])
    return mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def seal_to(public: bytes, key_id: int, plaintext: bytes, place: Place) -> bytes:
    """An HPKE envelope for whoever holds the secret of `public`. Anyone can make one: see docs/keys.md."""
    recipient = MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC]),
        X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC:]),
    )
    head = MAGIC + key_id.to_bytes(8, "big")
    return head + _SUITE.encrypt(plaintext, recipient, info=head + place.encode())


def open_sealed(secret: bytes, envelope: bytes, place: Place) -> bytes:
    """What `seal_to` was given. Raises CannotOpen."""
    key_id(envelope)
    recipient = MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(secret[:_SEED]),
        X25519PrivateKey.from_private_bytes(secret[_SEED:]),
    )
    try:
        return _SUITE.decrypt(envelope[_HEAD:], recipient, info=envelope[:_HEAD] + place.encode())
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def keyed(hash_key: bytes, purpose: str, value: bytes) -> bytes:
    """16 bytes of HMAC-SHA256 (RFC 2104), for equality look-ups. Purposes never compare equal."""
    return hmac.digest(hash_key, purpose.encode() + b"\0" + value, hashlib.sha256)[:HASH_BYTES]
