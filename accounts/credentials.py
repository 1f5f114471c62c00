"""User name and password: the first factor."""

import os
import time

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from accounts import kdf, keyring
from accounts.models import Identity, User
from accounts.ownership import acting_as
from accounts.sealing import Key
from accounts.waiting import Waiting


def check(request: HttpRequest, username: str, password: str) -> Waiting | None:
    """The user and the key of the password; None where either is wrong, or the user may not come in.

    The work is the same in each case of None: one login hash and one derivation at today's cost, or as long
    as they take, so that time does not tell which user names exist. (A cost that is lowered tells until its
    readers change their password: nothing makes up for too much work.) Raises kdf.Busy.
    """
    began = time.perf_counter()
    user = authenticate(request, username=username, password=password)
    identity = _identity_of(user) if isinstance(user, User) else None
    if not isinstance(user, User) or identity is None:
        _even_out(password, time.perf_counter() - began)
        return None
    return at_todays_cost(user, identity, keyring.password_key(identity, password), password)


def at_todays_cost(user: User, identity: Identity, key: Key, password: str) -> Waiting:
    """Where the stored `key` was made at less, a fresh one and a login hash wait with it. Raises kdf.Busy."""
    if not keyring.is_outdated(identity):
        return Waiting(user, key)
    return Waiting(user, key, keyring.fresh_key(password), make_password(password))


def pretend(password: str) -> None:
    """The work of `check`, and nothing is checked: time does not tell who must wait. Raises kdf.Busy."""
    began = time.perf_counter()
    make_password(password)
    _even_out(password, time.perf_counter() - began)


def _even_out(password: str, took: float) -> None:
    """A derivation in vain. Where the login hash took fewer seconds than that, it is from before the cost was
    raised: the rest is waited for."""
    began = time.perf_counter()
    kdf.password_key(password, os.urandom(kdf.SALT_BYTES), settings.PASSWORD_COST)
    time.sleep(max(0.0, time.perf_counter() - began - took))


def _identity_of(user: User) -> Identity | None:
    with acting_as(user):
        return Identity.objects.for_user(user).first()
