"""User name and password: the first factor."""

import os

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import is_password_usable, make_password
from django.http import HttpRequest

from accounts import kdf, keyring
from accounts.hasher import PasswordHasher
from accounts.kdf import Cost
from accounts.models import Identity, User
from accounts.ownership import acting_as
from accounts.sealing import Key
from accounts.waiting import Waiting


def check(request: HttpRequest, username: str, password: str) -> Waiting | None:
    """The user and the key of the password; None where either is wrong, or the user may not come in.

    The work is the same in each case of None: one login hash and one derivation at today's cost, so that time
    does not tell which user names exist. (A cost that is lowered tells until its readers change their
    password: no work makes up for too much of it.) Raises kdf.Busy.
    """
    user = authenticate(request, username=username, password=password)
    identity = _identity_of(user) if isinstance(user, User) else None
    if not isinstance(user, User) or identity is None:
        _derive_in_vain(password)
        _make_up(username, password)
        return None
    return at_todays_cost(user, identity, keyring.password_key(identity, password), password)


def at_todays_cost(user: User, identity: Identity, key: Key, password: str) -> Waiting:
    """Where the stored `key` was made at less, a fresh one and a login hash wait with it. Raises kdf.Busy."""
    if not keyring.is_outdated(identity):
        return Waiting(user, key)
    return Waiting(user, key, keyring.fresh_key(password), make_password(password))


def pretend(password: str) -> None:
    """The work of `check`, and nothing is checked: time does not tell who must wait. Raises kdf.Busy."""
    make_password(password)
    _derive_in_vain(password)


def _derive_in_vain(password: str) -> None:
    kdf.password_key(password, os.urandom(kdf.SALT_BYTES), settings.PASSWORD_COST)


def _make_up(username: str, password: str) -> None:
    """A login hash from before the cost was raised was checked in less time: spend the rest."""
    stored = User.objects.filter(username__iexact=username).values_list("password", flat=True).first()
    if stored and is_password_usable(stored):
        cost: Cost = settings.PASSWORD_COST
        kdf.spend(password, cost.memory * cost.passes - PasswordHasher().work_of(stored), cost)


def _identity_of(user: User) -> Identity | None:
    with acting_as(user):
        return Identity.objects.for_user(user).first()
