"""Note down what happened at the door: the kind for operators, browser and IP address for the reader."""

import json
from functools import cache

from django.http import HttpRequest

from accounts import sealing
from accounts.ids import draw_id
from accounts.ipaddresses import ip_of
from accounts.keyring import place
from accounts.models import Identity, SecurityEvent
from accounts.ownership import acting_as

_NOBODY = 2**63 - 1  # no id is ever drawn that is so high


def device_of(request: HttpRequest) -> bytes:
    """Browser and IP address of a request, as they are sealed."""
    browser = request.headers.get("User-Agent", "")[:200]
    return json.dumps({"browser": browser, "ip_address": ip_of(request)}).encode()


def record(owner: int, kind: SecurityEvent.Kind, request: HttpRequest | None = None) -> None:
    """One event. Its detail is sealed to the reader's public key: no vault need be open."""
    row = SecurityEvent(pk=draw_id(SecurityEvent), owner_id=owner, kind=kind)
    with acting_as(owner):
        identity = Identity.objects.for_user(owner).first() if request else None
        if identity and request:
            public, detail = bytes(identity.public_key), device_of(request)
            row.detail = sealing.seal_to(public, identity.pk, detail, place(row, "detail", "seal"))
        row.save(force_insert=True)


def pretend(request: HttpRequest) -> None:
    """The work of `record` for nobody: time must not tell which user names exist."""
    row = SecurityEvent(pk=draw_id(SecurityEvent), owner_id=_NOBODY)
    with acting_as(_NOBODY):
        Identity.objects.for_user(_NOBODY).first()
        sealing.seal_to(_nobodys_key(), 0, device_of(request), place(row, "detail", "seal"))
        SecurityEvent.objects.for_user(_NOBODY).exists()


@cache
def _nobodys_key() -> bytes:
    return sealing.new_identity()[1]
