"""What ends by itself: halves of vaults whose clock ran out, and grants."""

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import unlocking
from accounts.models import Grant, Invitation, ReaderSession, User
from accounts.ownership import acting_as_operator

_UNFINISHED_SIGN_UP = timedelta(days=1)
_AT_ONCE = 1000


def lock_idle_vaults() -> int:
    """Drop the session halves of vaults that should be locked by now. Returns how many."""
    now = timezone.now()
    with acting_as_operator("lock idle vaults"):
        over = Q(acted_at__lte=now - settings.VAULT_IDLE) | Q(unlocked_at__lte=now - settings.VAULT_AT_MOST)
        idle = ReaderSession.unscoped.filter(over, locked_at=None)
        return sum(_lock(idle, pk) for pk in list(idle.values_list("pk", flat=True)[:_AT_ONCE]))


@transaction.atomic
def _lock(idle: QuerySet[ReaderSession], pk: int) -> bool:
    """Unless its reader came back a moment ago."""
    row = idle.select_for_update().filter(pk=pk).first()
    if row:
        unlocking.lock(row)
    return row is not None


def drop_ended_sessions() -> int:
    """Delete sessions past their expiry, and with them keys of passwords that waited for a second factor.
    Returns how many rows went."""
    dropped, _ = Session.objects.filter(expire_date__lte=timezone.now()).delete()
    return dropped


def drop_ended_grants() -> int:
    """Delete grants past their expiry. Returns how many."""
    with acting_as_operator("drop ended grants"):
        dropped, _ = Grant.unscoped.filter(expires_at__lte=timezone.now()).delete()
    return dropped


def drop_unfinished_sign_ups() -> int:
    """Delete users who began to sign up a day ago and never came to the second factor. Returns how many."""
    with acting_as_operator("drop unfinished sign-ups"):
        limit = timezone.now() - _UNFINISHED_SIGN_UP
        stale = User.objects.filter(is_active=False, last_login=None, date_joined__lt=limit)
        waiting = stale.filter(invitations__in=Invitation.objects.filter(used_at=None))
        dropped = waiting.count()
        waiting.delete()
    return dropped
