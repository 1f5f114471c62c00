"""The two halves of an open vault: a ciphertext in the session, its key in a cookie. Neither opens anything.

The cookie is `__Host-`, HttpOnly, Secure and new at every sign-in and unlock; `DoorMiddleware` writes it.
Before the second factor nothing is opened: the password's key waits in the same way, for minutes.
"""

import base64
import os
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django_otp import login as second_factor_login

from accounts import events, grants, kdf, keyring, knowndevices, sealing
from accounts.ids import draw_id
from accounts.keyring import Vault, place
from accounts.models import Identity, ReaderSession, SecurityEvent, User
from accounts.ownership import acting_as
from accounts.sealing import CannotOpen, Key, Place
from accounts.sessions import SessionStore
from accounts.waiting import Waiting

COOKIE = "__Host-vault"
WAITS = timedelta(minutes=5)  # between password and second factor
WAITS_AT_SIGN_UP = timedelta(minutes=30)  # while a new reader sets up an authenticator

_HALF, _WAITING, _KEPT = "half", "waiting", "kept"
_ACTS_EVERY = timedelta(seconds=30)
_TOLD_EVERY = timedelta(minutes=1)  # "last seen" on the page of sessions


def wait(request: HttpRequest, who: Waiting, lasts: timedelta = WAITS) -> None:
    """The first factor was right: begin a fresh session in which its key waits for the second one."""
    request.session.flush()
    half = _new_half(request)
    envelope = sealing.seal(_key(half, _WAITING), who.dump(), _waiting_place(who.user.pk))
    until = timezone.now() + lasts
    request.session.set_expiry(int(lasts.total_seconds()))  # housekeeping drops it, whoever comes back
    request.session[_WAITING] = [who.user.pk, until.timestamp(), _text(envelope)]


def waiting(request: HttpRequest) -> Waiting | None:
    """Who waits in this session, if anyone does and the time is not over."""
    held = request.session.get(_WAITING)
    half = _half(request)
    if not held or not half or held[1] < timezone.now().timestamp():
        return None
    user = User.objects.filter(pk=held[0]).first()
    try:
        dumped = sealing.unseal(_key(half, _WAITING), _bytes(held[2]), _waiting_place(held[0]))
    except CannotOpen:
        return None
    return Waiting.load(user, dumped) if user else None


def sign_in(request: HttpRequest, user: User, vault: Vault, device: Any) -> ReaderSession:
    """Both factors passed: a new session with an open vault."""
    with acting_as(user):
        return _sign_in(request, user, vault, device)


def _sign_in(request: HttpRequest, user: User, vault: Vault, device: Any) -> ReaderSession:
    request.session.pop(_WAITING, None)
    request.session.set_expiry(None)
    login(request, user)
    second_factor_login(request, device)
    request.session.save()
    session_key = request.session.session_key
    if session_key is None:
        raise CannotOpen
    now = timezone.now()
    row = ReaderSession(
        pk=draw_id(ReaderSession),
        owner=user,
        session_id=session_key,
        unlocked_at=now,
        acted_at=now,
        last_seen=now,
    )
    row.device = vault.seal_to_reader(row, "device", events.device_of(request))
    row.save(force_insert=True)
    knowndevices.welcome(request, user.pk, row.signed_in_at)
    _open(request, row, vault)
    return row


@transaction.atomic
def unlock(request: HttpRequest, row: ReaderSession, vault: Vault) -> None:
    """The password opened the vault again: new halves, the clocks start anew."""
    row.unlocked_at = row.acted_at = row.last_seen = timezone.now()
    row.locked_at = None
    row.save(update_fields=["unlocked_at", "acted_at", "last_seen", "locked_at"])
    request.session[HASH_SESSION_KEY] = row.owner.get_session_auth_hash()  # the login hash may be a new one
    _open(request, row, vault)
    events.record(row.owner_id, SecurityEvent.Kind.UNLOCKED, request)


def session_of(request: HttpRequest) -> ReaderSession | None:
    """The row of this browser's session."""
    if not request.user.is_authenticated or not request.session.session_key:
        return None
    mine = ReaderSession.objects.for_user(request.user)
    return mine.filter(session_id=request.session.session_key).first()


def is_signed_in(request: HttpRequest) -> bool:
    """Whether this browser has a session of a reader, for views that visitors may see."""
    if not request.user.is_authenticated:
        return False
    with acting_as(request.user):
        return session_of(request) is not None


def locks_at(row: ReaderSession) -> datetime:
    """When the vault locks by itself, if nothing is done."""
    return min(row.acted_at + settings.VAULT_IDLE, ends_at(row))


def ends_at(row: ReaderSession) -> datetime:
    """When the vault locks, whatever is done."""
    return row.unlocked_at + settings.VAULT_AT_MOST


def clocks(row: ReaderSession) -> dict[str, int]:
    """Whole seconds until it locks if nothing is done, and whatever is done."""
    now = timezone.now()
    left = {"idle": locks_at(row) - now, "ends": ends_at(row) - now}
    return {name: max(0, int(span.total_seconds())) for name, span in left.items()}


def vault_of(request: HttpRequest, row: ReaderSession) -> Vault | None:
    """The open vault of a session, or None where it is locked: a half missing, or a clock run out."""
    envelope, half = request.session.get(_HALF), _half(request)
    if row.locked_at or not envelope or not half or locks_at(row) <= timezone.now():
        return None
    identity = Identity.objects.for_user(row.owner_id).first()
    try:
        secret = sealing.unseal(_key(half, _HALF), _bytes(envelope), place(row, "session", "session"))
        return keyring.open_vault(identity, secret) if identity else None
    except CannotOpen:
        return None


def act(row: ReaderSession, vault: Vault) -> None:
    """The reader did something: move the idle clock on, and what is lent while they are signed in.

    Nothing is lent where another request locked or ended the session since `row` was read.
    """
    now = timezone.now()
    if now - row.acted_at < _ACTS_EVERY:
        return
    with transaction.atomic():
        _act(row, vault, now)


def hold(row: ReaderSession) -> None:
    """Until the transaction ends nobody else acts in this session: what they lent is there to be ended."""
    ReaderSession.objects.for_user(row.owner_id).select_for_update().filter(pk=row.pk).first()


def _act(row: ReaderSession, vault: Vault, now: datetime) -> None:
    open_still = ReaderSession.objects.for_user(row.owner_id).filter(pk=row.pk, locked_at=None)
    seen = {"last_seen": now} if now - row.last_seen >= _TOLD_EVERY else {}
    if not open_still.update(acted_at=now, **seen):
        return
    row.refresh_from_db(fields=["acted_at", "last_seen", "lends"])
    grants.move_on(vault, row)


def lock(row: ReaderSession, request: HttpRequest | None = None) -> None:
    """Drop the session's half and what was lent while signed in. The cookie's half is worth nothing then.

    `request` is given where it is that session's own: its store would write the half back otherwise.
    """
    with acting_as(row.owner_id):
        _lock(row, request)


def _lock(row: ReaderSession, request: HttpRequest | None) -> None:
    row.locked_at = timezone.now()
    if not ReaderSession.objects.for_user(row.owner_id).filter(pk=row.pk).update(locked_at=row.locked_at):
        return  # signed out meanwhile
    store = request.session if request else SessionStore(row.session_id)
    for name in (_HALF, _KEPT):
        store.pop(name, None)
    store.save()
    if request:
        request.half_to_set = b""  # type: ignore[attr-defined]
    row.grants.all().delete()
    events.record(row.owner_id, SecurityEvent.Kind.LOCKED)


def stay_locked(request: HttpRequest) -> None:
    """Where a lock came while this request was under way, its session, which is about to be written back
    whole, keeps nothing of the vault."""
    if not request.session.modified or not request.session.get(_HALF):
        return
    with acting_as(request.user):
        row = session_of(request)
    if row is None or row.locked_at:
        for name in (_HALF, _KEPT):
            request.session.pop(name, None)


def keep(request: HttpRequest, row: ReaderSession, name: str, value: str) -> None:
    """Keep a text in the session under the cookie's key: what is shown once survives a reload."""
    half = _half(request)
    if half is None:
        raise CannotOpen
    envelope = sealing.seal(_key(half, _KEPT), value.encode(), place(row, name, "kept"))
    request.session[_KEPT] = {**request.session.get(_KEPT, {}), name: _text(envelope)}


def kept(request: HttpRequest, row: ReaderSession, name: str) -> str | None:
    """What was kept under that name."""
    envelope, half = request.session.get(_KEPT, {}).get(name), _half(request)
    if not envelope or not half:
        return None
    try:
        return sealing.unseal(_key(half, _KEPT), _bytes(envelope), place(row, name, "kept")).decode()
    except CannotOpen:
        return None


def forget(request: HttpRequest, name: str) -> None:
    """Keep it no longer."""
    request.session[_KEPT] = {
        key: value for key, value in request.session.get(_KEPT, {}).items() if key != name
    }


def cookie_value(half: bytes) -> str:
    """The cookie's half as it travels."""
    return _text(half)


def _open(request: HttpRequest, row: ReaderSession, vault: Vault) -> None:
    half = _new_half(request)
    envelope = sealing.seal(_key(half, _HALF), vault.secret, place(row, "session", "session"))
    request.session[_HALF] = _text(envelope)
    request.session.pop(_KEPT, None)
    grants.move_on(vault, row)


def _new_half(request: HttpRequest) -> bytes:
    half = os.urandom(sealing.KEY_BYTES)
    request.half_to_set = half  # type: ignore[attr-defined]
    return half


def _half(request: HttpRequest) -> bytes | None:
    fresh: bytes | None = getattr(request, "half_to_set", None)
    if fresh is not None:
        return fresh or None
    try:
        half = _bytes(request.COOKIES.get(COOKIE, ""))
    except ValueError:
        return None
    return half if len(half) == sealing.KEY_BYTES else None


def _key(half: bytes, use: str) -> Key:
    return Key(0, kdf.derive(half, f"session-{use}"))


def _waiting_place(user: int) -> Place:
    return Place("waiting", user, "accounts.user", "password", user)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return base64.urlsafe_b64decode(value)
