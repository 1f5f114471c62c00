"""Keys lent to the workers: given by the signed-in reader, for a purpose and a time, ended at any moment.

A grant's terms (owner, scope, expiry) are bound into its envelope: moving one on means sealing it anew,
which only someone with the key can do.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import events, keyring, serverkeys
from accounts.ids import draw_id
from accounts.keyring import Vault, WorkerKeys
from accounts.models import Grant, Identity, ReaderSession, SecurityEvent
from accounts.ownership import acting_as
from accounts.sealing import CannotOpen

logger = logging.getLogger(__name__)

FIRST_SYNC_AT_MOST = timedelta(hours=12)
_LASTS = {
    Grant.Until.FIRST_SYNC: FIRST_SYNC_AT_MOST,
    Grant.Until.WEEK: timedelta(days=7),
    Grant.Until.MONTH: timedelta(days=30),
}


class NoGrant(Exception):
    """The reader has lent no key that is alive: no error, the account waits for them."""


def give(vault: Vault, until: Grant.Until, session: ReaderSession | None = None) -> Grant:
    """Lend the sync key, in place of what was lent before on the same terms."""
    expires_at = _expiry(until)
    keep = session if until == Grant.Until.SIGNED_OUT else None
    Grant.objects.for_user(vault.owner).filter(scope=Grant.Scope.SYNC, until=until, session=keep).delete()
    row = Grant(
        pk=draw_id(Grant),
        owner_id=vault.owner,
        scope=Grant.Scope.SYNC,
        until=until,
        session=keep,
        expires_at=expires_at,
    )
    row.wrapped = serverkeys.seal(settings.GRANT_KEYS, keyring.lend(vault), row.place())
    row.save(force_insert=True)
    return row


@transaction.atomic
def choose(vault: Vault, until: Grant.Until, session: ReaderSession) -> Grant:
    """The reader's choice for background sync: what was lent before ends."""
    session.lends = True
    session.save(update_fields=["lends"])
    stop(vault.owner)
    events.record(vault.owner, SecurityEvent.Kind.GRANT_GIVEN)
    return give(vault, until, session)


def move_on(vault: Vault, session: ReaderSession) -> None:
    """An act of the reader: what lives while they are signed in lives on, or begins where nothing is lent.

    Not after "Stop now": nothing is lent again in that session before the reader chooses.
    """
    if not session.lends:
        return
    mine = live(vault.owner)
    if not mine.exists() or mine.filter(until=Grant.Until.SIGNED_OUT, session=session).exists():
        give(vault, Grant.Until.SIGNED_OUT, session)


def live(owner: int, scope: Grant.Scope = Grant.Scope.SYNC) -> QuerySet[Grant]:
    """The reader's grants that have not ended, the longest first."""
    alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    mine = Grant.objects.for_user(owner).filter(alive, scope=scope)
    return mine.order_by(F("expires_at").desc(nulls_first=True))


def borrow(owner: int) -> WorkerKeys:
    """The keys that a live grant lends. Raises NoGrant; a row that does not open counts as none."""
    with acting_as(owner):
        keys = _borrowed(owner)
    if keys is None:
        raise NoGrant
    return keys


def _borrowed(owner: int) -> WorkerKeys | None:
    identity = Identity.objects.for_user(owner).filter(enrolled_at__isnull=False).first()
    for grant in live(owner) if identity else ():
        try:
            lent = serverkeys.unseal(settings.GRANT_KEYS, grant.wrapped, grant.place())
            keys = keyring.borrow(identity, lent) if identity else None
        except CannotOpen:
            _alarm(owner)
            continue
        if keys:
            Grant.objects.for_user(owner).filter(pk=grant.pk).update(last_used_at=timezone.now())
            return keys
    return None


def stop(owner: int, *, only: Iterable[Grant.Until] | None = None) -> int:
    """End the reader's sync grants (of some terms only, or all). Returns how many were alive."""
    mine = Grant.objects.for_user(owner).filter(scope=Grant.Scope.SYNC)
    ended, _ = (mine if only is None else mine.filter(until__in=list(only))).delete()
    return ended


def _expiry(until: Grant.Until) -> datetime | None:
    if until == Grant.Until.REVOKED:
        return None
    return timezone.now() + _LASTS.get(until, settings.VAULT_IDLE)


def _alarm(owner: int) -> None:
    """A worker stops and says so: the grant, or the public key it names, is not what the reader lent."""
    logger.error("A grant of user %s does not open, or names another public key", owner)
    events.record(owner, SecurityEvent.Kind.IDENTITY_CHANGED)
