"""Long work on all of a reader's data, one of a kind at a time: claimed, moved on, finished.

Who claims writes the row (accounts.models.Transfer). What has not moved on for two minutes was left: an
export or an import is then anybody's to begin anew, a deletion is gone on with (`accounts.deleting`).
"""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Transfer
from accounts.ownership import acting_as

Kind = Transfer.Kind

RESTS = timedelta(minutes=2)
_DELETIONS = (Kind.DELETE_ACCOUNT, Kind.DELETE_USER)


class TransferLost(Exception):
    """Somebody else took the work over, or ended it: stop at once."""


def claim(owner: int, kind: Transfer.Kind, *, target: int | None = None, total: int = 0) -> Transfer | None:
    """Begin; None while another of the kind is under way."""
    with acting_as(owner):
        open_ones = Transfer.objects.for_user(owner).filter(kind=kind, finished_at=None)
        if kind not in _DELETIONS:
            now = timezone.now()
            open_ones.filter(moved_on_at__lt=now - RESTS).update(finished_at=now, error="left")
        try:
            with transaction.atomic():
                return open_ones.create(owner_id=owner, kind=kind, target=target, total=total)
        except IntegrityError:
            return None


def move_on(work: Transfer, done: int) -> None:
    """So much is done. Raises TransferLost."""
    with acting_as(work.owner_id):
        if not _mine(work).update(done=done, moved_on_at=timezone.now()):
            raise TransferLost
    work.done = done


def finish(work: Transfer, error: str = "") -> None:
    """It is over, with or without an error code. Nothing where somebody ended it before."""
    with acting_as(work.owner_id):
        _mine(work).update(finished_at=timezone.now(), error=error)


def end_all(owner: int) -> None:
    """Whatever is under way stops at its next step."""
    with acting_as(owner):
        Transfer.objects.for_user(owner).filter(finished_at=None).update(
            finished_at=timezone.now(), error="ended"
        )


def end_streams(owner: int) -> None:
    """An export or an import stops at its next step: the keys that it works with are of the past."""
    with acting_as(owner):
        mine = Transfer.objects.for_user(owner).filter(finished_at=None).exclude(kind__in=_DELETIONS)
        mine.update(finished_at=timezone.now(), error="ended")


def running(owner: int) -> QuerySet[Transfer]:
    """What is under way, and was not left."""
    mine = Transfer.objects.for_user(owner).filter(finished_at=None)
    return mine.exclude(kind__in=(Kind.EXPORT, Kind.IMPORT), moved_on_at__lt=timezone.now() - RESTS).order_by(
        "pk"
    )


def _mine(work: Transfer) -> QuerySet[Any]:
    return Transfer.objects.for_user(work.owner_id).filter(pk=work.pk, finished_at=None)
