"""A lost password: the recovery key stands in for it as the first factor. The second one is still asked."""

from django.contrib.auth.hashers import make_password

from accounts import keyring
from accounts.models import Identity, User
from accounts.ownership import acting_as
from accounts.sealing import CannotOpen, Key
from accounts.waiting import Waiting


def check(username: str, text: str, password: str) -> Waiting | None:
    """Who the recovery key is of, with the new password's keys beside; None where the two do not fit.

    The work is the same in each case, so that time does not tell which user names exist: one login hash and
    one derivation, of the new password. Raises Misread, kdf.Busy.
    """
    key = keyring.recovery_key(text)
    fresh, login_hash = keyring.fresh_key(password), make_password(password)
    user = User.objects.filter(username__iexact=username, is_active=True).first()
    if user is None or not _opens(user, key):
        return None
    return Waiting(user, key, fresh, login_hash, recovers=True)


def _opens(user: User, key: Key) -> bool:
    with acting_as(user):
        identity = Identity.objects.for_user(user).first()
    try:
        return identity is not None and bool(keyring.unlock(identity, key))
    except CannotOpen:
        return False
