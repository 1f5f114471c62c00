"""A mail account or a whole reader comes to an end: keys at once, then rows in batches, by a worker.

From the first transaction on nothing can be opened any more; what is left is rows that mean nothing, and
removing them needs no key. A worker that is killed loses one batch: the rows themselves say what is left.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, cast

from celery import current_app
from django.db.models import F, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts import erasing, mailboxes, transfers
from accounts.models import Identity, MailAccount, Transfer
from accounts.ownership import acting_as, acting_as_operator
from accounts.sealing import MAGIC

logger = logging.getLogger(__name__)

TASK = "accounts.remove_rows"
UNIT_SECONDS = 10.0

_MAILS_AT_ONCE = 500
_ORPHANS_AT_ONCE = 2000
_KINDS = (Transfer.Kind.DELETE_ACCOUNT, Transfer.Kind.DELETE_USER)

#: A batch: None when nothing is left, else how many rows of those that are counted went.
Step = Callable[[Transfer], int | None]


def begin(row: MailAccount) -> Transfer | None:
    """Destroy what opens an account; None while another is being deleted. `run` or `queue` does the rest."""
    with acting_as(row.owner_id):
        work = transfers.claim(
            row.owner_id, Transfer.Kind.DELETE_ACCOUNT, target=row.pk, total=mailboxes.count(row)
        )
        if work:
            mailboxes.shred(row)
    return work


def progress_of(row: MailAccount) -> Transfer | None:
    """How far the deletion of an account is."""
    mine = Transfer.objects.for_user(row.owner_id).filter(kind=Transfer.Kind.DELETE_ACCOUNT, target=row.pk)
    return mine.filter(finished_at=None).first()


def was_deleted(owner: int, account_id: int) -> bool:
    """Whether the reader had an account of this id, which was deleted."""
    mine = Transfer.objects.for_user(owner).filter(kind=Transfer.Kind.DELETE_ACCOUNT, target=account_id)
    return mine.exclude(finished_at=None).exists()


def begin_user(owner: int) -> Transfer:
    """Destroy what opens a reader's rows, and end their sessions. Asked again it begins nothing new."""
    with acting_as(owner):
        # The second of two waits, and finds the first's work. This row is the first that anybody locks.
        Identity.objects.for_user(owner).select_for_update().first()
        found = Transfer.objects.for_user(owner).filter(kind=Transfer.Kind.DELETE_USER, finished_at=None)
        if work := found.first():
            return work
        transfers.end_all(owner)
        work = transfers.claim(owner, Transfer.Kind.DELETE_USER, total=erasing.count(owner))
        assert work
        erasing.shred(owner)
    return work


def run(work: Transfer, seconds: float) -> bool:
    """Remove rows for so long. True: there are more, queue it."""
    ends = time.monotonic() + seconds
    while _batch(work):
        if time.monotonic() >= ends:
            return True
    return False


def run_by_id(transfer_id: int) -> bool:
    """The same for a worker, which has nothing but the row's id."""
    with acting_as_operator("go on with a deletion"):
        work = Transfer.unscoped.filter(pk=transfer_id, kind__in=_KINDS, finished_at=None).first()
    return run(work, UNIT_SECONDS) if work else False


def queue(transfer_id: int) -> None:
    """Ring for a worker. Where the broker does not answer, `queue_left` rings again."""
    try:
        current_app.send_task(TASK, args=[transfer_id], queue="bulk")
    except OperationalError:
        logger.error("The broker does not answer: deletion %s is queued again later", transfer_id)


def queue_left() -> int:
    """Ring again for what has stood still: a queue was lost, or a worker killed. Returns how many."""
    with acting_as_operator("go on with a deletion"):
        still = Transfer.unscoped.filter(
            kind__in=_KINDS, finished_at=None, moved_on_at__lt=timezone.now() - transfers.RESTS
        )
        left = list(still.values_list("pk", flat=True)[:1000])
        Transfer.unscoped.filter(pk__in=left).update(moved_on_at=timezone.now())
    for pk in left:
        queue(pk)
    return len(left)


def _batch(work: Transfer) -> bool:
    """One transaction. False: nothing is left, or another worker is at it."""
    with acting_as(work.owner_id):
        mine = Transfer.objects.for_user(work.owner_id).filter(pk=work.pk, finished_at=None)
        if not mine.select_for_update(skip_locked=True).first():
            return False
        removed = _STEPS[Transfer.Kind(work.kind)](work)
        if removed is None:
            mine.update(finished_at=timezone.now(), done=F("total"))
            return False
        mine.update(done=F("done") + removed, moved_on_at=timezone.now())
    return True


def _account_batch(work: Transfer) -> int | None:
    row = MailAccount.objects.for_user(work.owner_id).filter(pk__in=[work.target]).first()
    if row is None:
        return None
    mails: QuerySet[Any] = cast(Any, row).emails.all()
    ids = list(mails.values_list("pk", flat=True)[:_MAILS_AT_ONCE])
    if ids:
        mails.filter(pk__in=ids).delete()
        return len(ids)
    if _drop_orphans(work, mails.model):
        return 0
    erasing.drop_results([row.pk])
    row.delete()
    return None


def _drop_orphans(work: Transfer, mail: Any) -> int:
    """Content keys that were shredded and threads that no mail belongs to any more: some of them.

    `mail` is the model, which this application cannot name.
    """
    keys, threads = (mail._meta.get_field(name).related_model for name in ("content_key", "thread"))
    dropped = 0
    for orphans in (
        keys.objects.for_user(work.owner_id).filter(sealed=MAGIC, emails=None),
        threads.objects.for_user(work.owner_id).filter(made_at__lt=work.started_at, emails=None),
    ):
        ids = list(orphans.values_list("pk", flat=True)[:_ORPHANS_AT_ONCE])
        dropped += len(ids)
        orphans.filter(pk__in=ids).delete()
    return dropped


_STEPS: dict[Transfer.Kind, Step] = {
    Transfer.Kind.DELETE_ACCOUNT: _account_batch,
    Transfer.Kind.DELETE_USER: erasing.remove_some,
}
