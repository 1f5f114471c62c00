"""What one look at the installation found, and what of it looks like something that should be sealed."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings

_MAIL_ADDRESS = re.compile(rb"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}")
_PROCESS = re.compile(rb"(?:gen\d+|celery|worker[\w-]*|beat)@")  # how Celery names its processes
_ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")  # the queue's messages are written so


@dataclass(slots=True)
class Look:
    """What one look found: `lines` to tell, `problems` that should not be. Neither holds what was read."""

    title: str
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def suspicious(pieces: Iterable[tuple[str, bytes]]) -> list[str]:
    """What looks like a mail address or is a secret of the environment, by where it is."""
    counts, known = Counter[str](), _secrets()
    for where, value in pieces:
        forms = [value, *_decoded(value)]
        if any(holds_mail_address(form) for form in forms):
            counts[f"{where} holds what looks like a mail address"] += 1
        if any(secret in form for form in forms for secret in known):
            counts[f"{where} holds a secret of the environment"] += 1
    return [f"{what} ({count} times)" for what, count in counts.items()]


def holds_mail_address(value: bytes) -> bool:
    """Whether anything in it has the form of one, names of Celery's processes aside."""
    return any(not _PROCESS.match(value, found.start()) for found in _MAIL_ADDRESS.finditer(value))


def _decoded(value: bytes) -> Iterator[bytes]:
    for found in _ENCODED.findall(value):
        letters = found.rstrip(b"=")
        try:
            yield base64.urlsafe_b64decode(
                letters.translate(bytes.maketrans(b"+/", b"-_")) + b"=" * (-len(letters) % 4)
            )
        except binascii.Error:
            continue


def _secrets() -> list[bytes]:
    keys = [part for key in settings.GRANT_KEYS for part in (key.material, key.material.hex().encode())]
    return [settings.SECRET_KEY.encode(), *keys]
