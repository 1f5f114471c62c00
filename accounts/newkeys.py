"""New keys after a theft: a fresh identity, a fresh sync key, and all under the old ones sealed anew.

What was stolen (a password with a copy of the database, a recovery key, a grant with the server's keys) opens
nothing that is stored from now on. Mail itself stays as it is: its content keys are sealed anew, not it; a
thief who opened them before keeps what they held. The hash key stays too: it opens nothing.

It is one transaction: killed at any moment, all is as before. It begins by overtaking every sync, import and
export of the reader, since what is still sealed to the old identity nobody could open; whoever stores secrets
waits for it and finds that their keys are of the past (`keyring.hold`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import F

from accounts import ending, grants, keyring, transfers
from accounts.checks import our_models
from accounts.fields import SealedField, SecretField
from accounts.keyring import Vault
from accounts.models import Identity, MailAccount, User
from accounts.ownership import Owned, acting_as
from accounts.sealing import CannotOpen, Key

_AT_ONCE = 500


@dataclass(slots=True)
class Renewed:
    """How many values were sealed anew, and how many did not open: those stay as they are."""

    values: int = 0
    damaged: int = 0


def renew(user: User, vault: Vault, password: str, recovery_key: str) -> tuple[Vault, Renewed]:
    """Give the reader new keys, wrapped by the present password and by a recovery key as written.

    Every session and every grant ends. Raises CannotOpen where new keys, or another password, were faster;
    kdf.Busy.
    """
    key, fresh = _present_key(user, password), keyring.fresh_key(password)
    renewed = Renewed()
    with acting_as(user):
        identity = keyring.hold(vault)
        keyring.unlock(identity, key)
        _overtake(user)
        new = keyring.renew(identity, vault)
        for model in our_models():
            if issubclass(model, Owned) and model is not Identity:
                _renew_rows(model, vault, new, renewed)
        keyring.rewrap(identity, new, fresh)
        keyring.wrap_by_recovery(identity, new, recovery_key)
        identity.save()
        ending.end_other_sessions(user.pk, None)
        grants.stop(user.pk)
    return new, renewed


def _present_key(user: User, password: str) -> Key:
    with acting_as(user):
        return keyring.password_key(Identity.objects.for_user(user).get(), password)


def _overtake(user: User) -> None:
    """The rows' locks hold until the commit: a batch under way is waited for, and no other can begin."""
    MailAccount.objects.for_user(user).update(fence=F("fence") + 1, lease_until=None)
    transfers.end_streams(user.pk)


def _renew_rows(model: type[Owned], old: Vault, new: Vault, renewed: Renewed) -> None:
    fields = list(_fields(model))
    if not fields:
        return
    rows = model.objects.for_user(old.owner).order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last).only("pk", "owner", *fields)[:_AT_ONCE]):
        for row in batch:
            for name in fields:
                _renew_value(row, name, old, new, renewed)
        model.objects.for_user(old.owner).bulk_update(batch, fields)
        last = batch[-1].pk


def _fields(model: type[models.Model]) -> Iterator[str]:
    """What is kept under the identity or under the sync key."""
    for field in model._meta.concrete_fields:
        of_identity = isinstance(field, SealedField) and not field.by_content_key
        if of_identity or isinstance(field, SecretField):
            yield field.name


def _renew_value(row: Any, name: str, old: Vault, new: Vault, renewed: Renewed) -> None:
    if getattr(row, name) is None:
        return
    secret = isinstance(row._meta.get_field(name), SecretField)
    try:
        value = old.open_secret(row, name) if secret else old.open_to_reader(row, name)
    except CannotOpen:
        renewed.damaged += 1
        return
    seal = new.seal_secret if secret else new.seal_to_reader
    setattr(row, name, seal(row, name, value))
    renewed.values += 1
