"""Note down what happened at the door: the kind for operators, browser and IP address for the reader."""

import json

from django.http import HttpRequest

from accounts import sealing
from accounts.ids import draw_id
from accounts.keyring import place
from accounts.models import Identity, SecurityEvent
from accounts.ownership import acting_as


def device_of(request: HttpRequest) -> bytes:
    """Browser and IP address of a request, as they are sealed."""
    browser = request.headers.get("User-Agent", "")[:200]
    return json.dumps({"browser": browser, "ip_address": request.META.get("REMOTE_ADDR", "")}).encode()


def record(owner: int, kind: SecurityEvent.Kind, request: HttpRequest | None = None) -> None:
    """One event. Its detail is sealed to the reader's public key: no vault need be open."""
    row = SecurityEvent(pk=draw_id(SecurityEvent), owner_id=owner, kind=kind)
    with acting_as(owner):
        identity = Identity.objects.for_user(owner).first() if request else None
        if identity and request:
            public, detail = bytes(identity.public_key), device_of(request)
            row.detail = sealing.seal_to(public, identity.pk, detail, place(row, "detail", "seal"))
        row.save(force_insert=True)
