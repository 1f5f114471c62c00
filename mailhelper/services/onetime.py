"""One-time codes of the demo reader (RFC 6238 with the defaults: SHA-1, 6 digits, 30 seconds)."""

import base64
import hashlib
import hmac
import time

STEP = 30


def code(secret: str, at: float | None = None) -> str:
    """The code of a base32 `secret` at a time (seconds since 1970; now unless given)."""
    counter = int(time.time() if at is None else at) // STEP
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, counter.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def seconds_left(at: float | None = None) -> int:
    """Whole seconds until the next code, 1 to 30."""
    return STEP - int(time.time() if at is None else at) % STEP
