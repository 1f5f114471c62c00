"""Keys that people keep on paper: the recovery key (for a lost password) and backup codes (for a lost phone).

Both are written in Crockford's base 32, whose letters cannot be taken for one another; O, I and L are read
as the digits they look like.
"""

import hashlib
import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans("OIL", "011", " -\t\r\n")
_KEY_BITS, _CHECK_BITS, _GROUP = 160, 20, 4
_CODE_BITS = 80


class Misread(ValueError):
    """The text is no recovery key: a character too many, one that cannot be, or a typing error."""


def _written(number: int, bits: int) -> str:
    letters = "".join(_ALPHABET[number >> shift & 31] for shift in range(bits - 5, -1, -5))
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def _check(key: bytes) -> int:
    digest = hashlib.sha256(b"mh1:recovery-check\0" + key).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - _CHECK_BITS)


def new_recovery_key() -> bytes:
    """160 random bits."""
    return secrets.token_bytes(_KEY_BITS // 8)


def write_recovery_key(key: bytes) -> str:
    """36 characters in nine groups: the key and 20 bits of checksum."""
    return _written(int.from_bytes(key, "big") << _CHECK_BITS | _check(key), _KEY_BITS + _CHECK_BITS)


def read_recovery_key(text: str) -> bytes:
    """The key that was written, whatever its spaces, hyphens and case. Raises Misread."""
    letters = text.upper().translate(_LOOKALIKES)
    if len(letters) != (_KEY_BITS + _CHECK_BITS) // 5 or not set(letters) <= set(_ALPHABET):
        raise Misread
    number = 0
    for letter in letters:
        number = number << 5 | _ALPHABET.index(letter)
    key = (number >> _CHECK_BITS).to_bytes(_KEY_BITS // 8, "big")
    if _check(key) != number & (1 << _CHECK_BITS) - 1:
        raise Misread
    return key


def new_backup_code() -> str:
    """80 random bits: 16 characters in four groups."""
    return _written(secrets.randbits(_CODE_BITS), _CODE_BITS)


def hash_backup_code(owner: int, code: str) -> bytes:
    """What is kept of a code: 80 random bits need no slow hash, the owner keeps equal ones apart."""
    letters = code.upper().translate(_LOOKALIKES)
    return hashlib.sha256(f"mh1:backup-code:{owner}:{letters}".encode()).digest()
