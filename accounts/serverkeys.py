"""The keys of this installation, from its environment: they seal grants and what operators note down.

`GRANT_KEYS` lists them as `id:base64`, comma between; the first seals, all open: so they can be rotated.
"""

import base64
import binascii
import secrets

from accounts import sealing
from accounts.sealing import CannotOpen, Key, Place


def parse_keys(text: str) -> tuple[Key, ...]:
    """The keys of a `GRANT_KEYS` value. Raises ValueError without repeating it."""
    keys = []
    for entry in filter(None, (part.strip() for part in text.replace("\n", ",").split(","))):
        number, _, encoded = entry.partition(":")
        try:
            material = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except (binascii.Error, ValueError):
            material = b""
        if not number.isdecimal() or len(material) != sealing.KEY_BYTES:
            raise ValueError("GRANT_KEYS: each key is written id:base64 of 32 bytes")
        keys.append(Key(int(number), material))
    if not keys or len({key.id for key in keys}) != len(keys):
        raise ValueError("GRANT_KEYS: one key at least, each with an id of its own")
    return tuple(keys)


def new_keys(number: int = 1) -> str:
    """A fresh `GRANT_KEYS` value with one key."""
    material = secrets.token_bytes(sealing.KEY_BYTES)
    return f"{number}:{base64.urlsafe_b64encode(material).decode().rstrip('=')}"


def seal(keys: tuple[Key, ...], plaintext: bytes, place: Place) -> bytes:
    """An envelope under the first key."""
    return sealing.seal(keys[0], plaintext, place)


def unseal(keys: tuple[Key, ...], envelope: bytes, place: Place) -> bytes:
    """What `seal` was given, under whichever key it was. Raises CannotOpen."""
    wanted = sealing.key_id(envelope)
    for key in keys:
        if key.id == wanted:
            return sealing.unseal(key, envelope, place)
    raise CannotOpen
