"""Invitations: a link that makes one reader, once. It carries the row's id, signed; the row says its worth.

    BASE_URL/sign-up/ID.SIGNATURE/

The signature has no time in it: the same link can be written again as long as the row lives.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import serverkeys
from accounts.ids import draw_id
from accounts.models import Invitation

LASTS = timedelta(days=7)
_SALT = "accounts.invitation"


class State(Enum):
    """What a link is worth."""

    OPEN = "open"
    UNKNOWN = "unknown"  # cut off, forged, or its row is gone
    EXPIRED = "expired"
    USED = "used"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Found:
    """What a link led to. `invitation` is None where it is unknown."""

    state: State
    invitation: Invitation | None = None


def make(note: str, *, operator: bool = False) -> Invitation:
    """A new invitation; `note` says whom it is for and is kept under the server's key."""
    row = Invitation(pk=draw_id(Invitation), operator=operator, expires_at=timezone.now() + LASTS)
    row.note = serverkeys.seal(settings.GRANT_KEYS, note.encode(), row.place())
    row.save(force_insert=True)
    return row


def note_of(row: Invitation) -> str:
    """For whom it was made. Raises CannotOpen where the server's key is another one now."""
    return serverkeys.unseal(settings.GRANT_KEYS, row.note, row.place()).decode()


def token_of(row: Invitation) -> str:
    """The signed id, as it stands in the link."""
    return _signer().sign(str(row.pk))


def link_of(row: Invitation) -> str:
    """The whole link."""
    return settings.BASE_URL + reverse("accounts:sign_up", args=[token_of(row)])


def look_up(token: str) -> Found:
    """What a link's token leads to."""
    try:
        key = int(_signer().unsign(token))
    except (BadSignature, ValueError):
        return Found(State.UNKNOWN)
    row = Invitation.objects.filter(pk=key).first()
    return Found(state_of(row), row) if row else Found(State.UNKNOWN)


def state_of(row: Invitation) -> State:
    """What it is worth now."""
    if row.used_at:
        return State.USED
    if row.revoked_at:
        return State.REVOKED
    return State.EXPIRED if row.expires_at <= timezone.now() else State.OPEN


def in_state(rows: QuerySet[Invitation], state: State) -> QuerySet[Invitation]:
    """Those of `rows` that are in that state now."""
    now = timezone.now()
    unused = rows.filter(used_at=None)
    return {
        State.UNKNOWN: rows.none(),
        State.USED: rows.exclude(used_at=None),
        State.REVOKED: unused.exclude(revoked_at=None),
        State.EXPIRED: unused.filter(revoked_at=None, expires_at__lte=now),
        State.OPEN: unused.filter(revoked_at=None, expires_at__gt=now),
    }[state]


def revoke(keys: Iterable[int]) -> int:
    """End those of them that are open, also where somebody has begun to sign up. Returns how many."""
    rows = Invitation.objects.filter(pk__in=list(keys))
    return in_state(rows, State.OPEN).update(revoked_at=timezone.now())


def open_for_operators() -> Invitation | None:
    """The newest operator's invitation that still works, if there is one."""
    rows = Invitation.objects.filter(operator=True)
    return in_state(rows, State.OPEN).order_by("-pk").first()


def _signer() -> Signer:
    return Signer(salt=_SALT, sep=".")
