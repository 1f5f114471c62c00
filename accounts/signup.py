"""From an invitation to a reader: four steps, of which the second makes them one.

Until the authenticator is confirmed the user is inactive and the invitation unused: whoever comes again with
the same link starts over. Backup codes and recovery key follow with the vault open; the pages of mail wait.
"""

import json
import secrets
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import authenticator, keyring, rewrapping
from accounts.ids import draw_id
from accounts.invitations import State, state_of
from accounts.keyring import Vault
from accounts.models import Authenticator, Identity, Invitation, User
from accounts.ownership import acting_as_operator
from accounts.recovery import Misread, new_recovery_key, read_recovery_key, write_recovery_key
from accounts.sealing import CannotOpen, Key

_ASKED = 2


class NameTaken(Exception):
    """Somebody took the user name a moment earlier."""


class InvitationGone(Exception):
    """The invitation was used, revoked or expired meanwhile."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a new reader chose in the first step."""

    username: str
    password: str
    language: str
    time_zone: str


def begin(invitation: Invitation, choice: Choice) -> tuple[User, Key]:
    """Step 1: an inactive user with keys and an unconfirmed authenticator. Raises NameTaken, InvitationGone.

    The key is the password's, which must wait for the second factor.
    """
    user = User(
        pk=draw_id(User),
        username=choice.username,
        language=choice.language,
        time_zone=choice.time_zone,
    )
    user.set_password(choice.password)
    identity, _ = keyring.make(user.pk, choice.password)
    try:
        _store(invitation, user, identity)
    except IntegrityError:
        raise NameTaken from None
    return user, keyring.password_key(identity, choice.password)


@acting_as_operator("sign up")
def _store(invitation: Invitation, user: User, identity: Identity) -> None:
    row = Invitation.objects.select_for_update().filter(pk=invitation.pk).first()
    if row is None or state_of(row) is not State.OPEN:
        raise InvitationGone
    User.objects.filter(invitations=row, is_active=False, last_login=None).delete()
    user.save(force_insert=True)
    identity.save(force_insert=True)
    authenticator.make(user)
    Invitation.objects.filter(pk=row.pk).update(user=user)


@transaction.atomic
def complete(user: User, device: Authenticator) -> None:
    """Step 2, after the code was right: the reader may sign in from now on. Raises InvitationGone."""
    now = timezone.now()
    mine = Invitation.objects.filter(user=user, used_at=None, revoked_at=None, expires_at__gt=now)
    operator = mine.filter(operator=True).exists()
    if mine.update(used_at=now) != 1:
        raise InvitationGone
    user.is_active = True
    user.is_staff = user.is_superuser = operator
    user.save(update_fields=["is_active", "is_staff", "is_superuser"])
    device.confirmed = True
    device.save(update_fields=["confirmed"])


def enrolling(user: User) -> bool:
    """Whether the user is between step 1 and step 2."""
    return not user.is_active and Invitation.objects.filter(user=user, used_at=None).exists()


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    """A recovery key as it is shown, and the two of its groups that are asked for (counted from 0)."""

    text: str
    asked: tuple[int, ...]

    @property
    def groups(self) -> list[str]:
        """Nine groups of four."""
        return self.text.split("-")

    def dump(self) -> str:
        """To be kept in the session."""
        return json.dumps([self.text, self.asked])

    @classmethod
    def load(cls, dumped: str) -> "RecoveryKey":
        """What was kept."""
        text, asked = json.loads(dumped)
        return cls(text, tuple(asked))

    def matches(self, typed: dict[int, str]) -> bool:
        """Whether these groups are the key's, whatever their case, spaces and look-alike letters."""
        groups = [typed.get(at, group) for at, group in enumerate(self.groups)]
        try:
            return read_recovery_key("-".join(groups)) == read_recovery_key(self.text)
        except Misread:
            return False


def is_current(vault: Vault, key: RecoveryKey) -> bool:
    """Whether it opens the identity. Of two that were made at the same moment only one does."""
    try:
        keyring.unlock_by_recovery(Identity.objects.for_user(vault.owner).get(), key.text)
    except CannotOpen:
        return False
    return True


def draw_recovery_key() -> RecoveryKey:
    """A new recovery key, which does not hold yet."""
    text = write_recovery_key(new_recovery_key())
    asked = sorted(secrets.SystemRandom().sample(range(len(text.split("-"))), _ASKED))
    return RecoveryKey(text, tuple(asked))


def issue_recovery_key(vault: Vault) -> RecoveryKey:
    """Step 4: a new recovery key; the one before is worth nothing from now on."""
    key = draw_recovery_key()
    rewrapping.change_recovery_key(vault, key.text)
    return key


def finish(owner: int) -> None:
    """Codes and key are kept: sign-up is over."""
    Identity.objects.for_user(owner).filter(enrolled_at=None).update(enrolled_at=timezone.now())
