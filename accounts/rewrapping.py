"""A new wrap around the reader's identity: nothing else is encrypted anew.

Wrap and login hash change in one transaction, under the lock of the identity's row: whatever is killed
when, the account opens with the old password or with the new one, and with all of its mail.
"""

from django.contrib.auth.hashers import make_password

from accounts import credentials, ending, grants, keyring
from accounts.keyring import FreshKey, Vault
from accounts.models import Identity, User
from accounts.ownership import acting_as
from accounts.waiting import Waiting

_PASSWORD_WRAP = ["salt", "memory", "passes", "lanes", "wrapped_by_password"]


def settle(waiting: Waiting) -> Vault:
    """Both factors were shown: open the identity, and wrap it under the fresh key if one waits.

    A recovery ends every session and every grant: somebody else may know the old password.
    The identity's row stays locked until the transaction ends: a session that begins in the same one is there
    to be ended by whoever changes the password next. Raises CannotOpen where the wrap was changed in between.
    """
    with acting_as(waiting.user):
        identity = Identity.objects.for_user(waiting.user).select_for_update().get()
        vault = keyring.unlock(identity, waiting.key)
        if waiting.fresh:
            _wrap(identity, vault, waiting.fresh)
            _set_login_hash(waiting.user, waiting.login_hash)
        if waiting.recovers:
            _end_everything(waiting.user.pk)
    return vault


def unlock(user: User, password: str) -> Vault:
    """The vault of a reader who has shown the second factor before. Raises CannotOpen, kdf.Busy."""
    with acting_as(user):
        identity = Identity.objects.for_user(user).get()
        key = keyring.password_key(identity, password)
        keyring.unlock(identity, key)
        return settle(credentials.at_todays_cost(user, identity, key, password))


def change_password(user: User, vault: Vault, password: str) -> None:
    """A new password. Every session ends, this one too, and every grant.

    Raises kdf.Busy, and CannotOpen where the vault is not the reader's any more.
    """
    fresh, login_hash = keyring.fresh_key(password), make_password(password)
    with acting_as(user):
        identity = keyring.hold(vault)
        _wrap(identity, vault, fresh)
        _set_login_hash(user, login_hash)
        _end_everything(user.pk)


def change_recovery_key(vault: Vault, text: str) -> None:
    """Another recovery key, as written; the one before is worth nothing then. Raises Misread, CannotOpen."""
    with acting_as(vault.owner):
        identity = keyring.hold(vault)
        keyring.wrap_by_recovery(identity, vault, text)
        identity.save(update_fields=["wrapped_by_recovery"])


def _wrap(identity: Identity, vault: Vault, fresh: FreshKey) -> None:
    keyring.rewrap(identity, vault, fresh)
    identity.save(update_fields=_PASSWORD_WRAP)


def _set_login_hash(user: User, login_hash: str) -> None:
    user.password = login_hash
    user.save(update_fields=["password"])


def _end_everything(owner: int) -> None:
    ending.end_other_sessions(owner, None)
    grants.stop(owner)
