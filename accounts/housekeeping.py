"""What ends by itself: halves of vaults whose clock ran out, and grants."""

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from accounts import mailboxes, transfers, unlocking
from accounts.models import Grant, Invitation, MailAccount, ReaderSession, Transfer, User
from accounts.ownership import acting_as, acting_as_operator

_UNFINISHED_SIGN_UP = timedelta(days=1)
_AT_ONCE = 1000


def lock_idle_vaults() -> int:
    """Drop the session halves of vaults that should be locked by now. Returns how many."""
    with acting_as_operator("find idle vaults"):
        idle = ReaderSession.unscoped.filter(_idle(), locked_at=None)
        found = list(idle.values_list("owner", "pk")[:_AT_ONCE])
    return sum(_lock(owner, pk) for owner, pk in found)


def _idle() -> Q:
    now = timezone.now()
    return Q(acted_at__lte=now - settings.VAULT_IDLE) | Q(unlocked_at__lte=now - settings.VAULT_AT_MOST)


def _lock(owner: int, pk: int) -> bool:
    """Unless its reader came back a moment ago."""
    with acting_as(owner):
        mine = ReaderSession.objects.for_user(owner).filter(_idle(), locked_at=None)
        row = mine.select_for_update().filter(pk=pk).first()
        if row:
            unlocking.lock(row)
    return row is not None


def drop_ended_sessions() -> int:
    """Delete sessions past their expiry, and with them keys of passwords that waited for a second factor.
    Returns how many rows went."""
    with acting_as_operator("drop ended sessions"):
        dropped, _ = Session.objects.filter(expire_date__lte=timezone.now()).delete()
    return dropped


def drop_ended_grants() -> int:
    """Delete grants past their expiry, and those for a first sync that no account waits for: it was done in
    the moment of the choice, or the account went, or is held up. Returns how many."""
    with acting_as_operator("drop ended grants"):
        waiting = MailAccount.unscoped.filter(first_synced_at=None, state=MailAccount.State.ACTIVE)
        done = Q(until=Grant.Until.FIRST_SYNC) & ~Q(owner__in=waiting.values("owner"))
        dropped, _ = Grant.unscoped.filter(Q(expires_at__lte=timezone.now()) | done).delete()
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


def wake_rested() -> int:
    """Accounts that rest for an import which nobody goes on with sync again. Returns how many."""
    with acting_as_operator("wake accounts that rested"):
        going_on = Transfer.unscoped.filter(
            kind=Transfer.Kind.IMPORT, finished_at=None, moved_on_at__gt=timezone.now() - transfers.RESTS
        )
        resting = MailAccount.unscoped.filter(error=mailboxes.RESTING)
        left = list(resting.exclude(owner__in=going_on.values("owner"))[:_AT_ONCE])
    for row in left:
        mailboxes.go_on(row)
    return len(left)
