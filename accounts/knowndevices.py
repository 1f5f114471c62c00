"""Browsers that a reader has signed in with, known again by a random cookie. It opens nothing.

What is stored is a digest over the cookie and the reader's id: two readers of one browser have nothing in
common in the database.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts import devices, durations, events
from accounts.devices import Device
from accounts.keyring import Vault
from accounts.models import KnownDevice, SecurityEvent
from accounts.ownership import acting_as

COOKIE = "__Host-device"
LASTS = timedelta(days=365)

_BYTES = 32
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class NewBrowser:
    """One that signed in and of which its reader was not told: see templates/_new_browsers.html."""

    pk: int
    at: str
    device: Device | None


def welcome(request: HttpRequest, user_id: int, at: datetime) -> None:
    """Somebody signs in: note the browser, and where it is a further one, that its reader must be told.

    `at` is when the session began: by that a browser is known for the one that came with it.
    """
    bits = _bits(request) or os.urandom(_BYTES)
    request.device_to_set = bits  # type: ignore[attr-defined]
    now = timezone.now()
    with acting_as(user_id):
        mine = KnownDevice.objects.for_user(user_id)
        mine.filter(used_at__lt=now - LASTS).delete()
        if mine.filter(digest=_digest(bits, user_id)).update(used_at=now):
            return
        further = mine.exists()
        told_at = None if further else now
        row = mine.create(owner_id=user_id, digest=_digest(bits, user_id), told_at=told_at)
        mine.filter(pk=row.pk).update(made_at=at)
        if further:
            events.record(user_id, SecurityEvent.Kind.NEW_DEVICE, request)


def knows(request: HttpRequest, user_id: int) -> bool:
    """Whether this reader has signed in with this browser within a year."""
    bits = _bits(request)
    if bits is None:
        return False
    with acting_as(user_id):
        mine = KnownDevice.objects.for_user(user_id).filter(used_at__gte=timezone.now() - LASTS)
        return mine.filter(digest=_digest(bits, user_id)).exists()


def write(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give the browser its cookie, for another year, where `welcome` was asked."""
    bits: bytes | None = getattr(request, "device_to_set", None)
    if bits is not None:
        response.set_cookie(
            COOKIE,
            base64.urlsafe_b64encode(bits).decode(),
            max_age=int(LASTS.total_seconds()),
            path="/",
            secure=True,
            httponly=True,
            samesite="Lax",
        )


def untold(request: Any) -> list[NewBrowser]:
    """Browsers of which the reader has not said whether they know them; `request` is a ReaderRequest.

    None answers for itself in the session with which it came.
    """
    rows = _others(request).filter(told_at=None).order_by("-pk")
    return [_new_browser(request.vault, row) for row in rows[:_SHOWN]]


def answer(request: Any, pk: int, *, known: bool) -> bool:
    """The reader knows the browser, or it is forgotten. False where it is not there, or the one that came
    with this session."""
    found = _others(request).filter(pk=pk)
    return bool(found.update(told_at=timezone.now()) if known else found.delete()[0])


def _others(request: Any) -> QuerySet[KnownDevice]:
    """By time, not by cookie: that is the browser's to send or to leave."""
    mine = KnownDevice.objects.for_user(request.vault.owner)
    return mine.exclude(made_at=request.reader_session.signed_in_at)


def _new_browser(vault: Vault, row: KnownDevice) -> NewBrowser:
    told = SecurityEvent.objects.for_user(vault.owner).filter(kind=SecurityEvent.Kind.NEW_DEVICE)
    event = told.filter(at__gte=row.made_at).order_by("at", "pk").first()
    device = devices.opened(vault, event, "detail") if event else None
    return NewBrowser(row.pk, durations.moment(row.made_at), device)


def _digest(bits: bytes, user_id: int) -> bytes:
    return hashlib.sha256(f"device {user_id} ".encode() + bits).digest()


def _bits(request: HttpRequest) -> bytes | None:
    """The cookie's, or those that this very answer will set. None where it holds none."""
    fresh: bytes | None = getattr(request, "device_to_set", None)
    if fresh is not None:
        return fresh
    try:
        bits = base64.urlsafe_b64decode(request.COOKIES.get(COOKIE, ""))
    except ValueError:
        return None
    return bits if len(bits) == _BYTES else None
