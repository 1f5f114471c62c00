"""Mail that the server no longer lists: marked at one complete listing, dropped after a second one.

Between the two it can be found again: moved to another folder, or under a new UIDVALIDITY. Where much of a
folder is gone, an hour and the reader's word stand between as well.
"""

from collections.abc import Collection
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import MailAccount
from accounts.ownership import acting_as
from mail import runs
from mail.imap.plan import Trace, brake
from mail.lease import Lease
from mail.models import Email, Folder, SyncRun

WAITS = timedelta(hours=1)
WORD_LASTS = timedelta(days=1)
_AT_ONCE = 500


def mark(folder: Folder, ids: Collection[int], run: SyncRun, lease: Lease) -> None:
    """These mails were not in a complete listing."""
    with acting_as(folder.owner_id):
        lease.hold()
        mine = Email.objects.for_user(folder.owner_id).filter(pk__in=ids, missing_since=None)
        runs.count(run, gone=mine.update(missing_since=timezone.now()))


def mark_generation(folder: Folder, uidvalidity: int, lease: Lease) -> None:
    """The server numbers anew (RFC 3501 §2.3.1.1): every UID we stored names another mail now, or none."""
    with acting_as(folder.owner_id):
        lease.hold()
        mine = Email.objects.for_user(folder.owner_id).filter(folder=folder, missing_since=None)
        mine.exclude(uidvalidity=uidvalidity).update(missing_since=timezone.now())


def seen_again(folder: Folder, ids: Collection[int], lease: Lease) -> None:
    """These were marked, and are listed after all."""
    with acting_as(folder.owner_id):
        lease.hold()
        Email.objects.for_user(folder.owner_id).filter(pk__in=ids).update(missing_since=None)


def traces(account: MailAccount) -> list[Trace]:
    """The account's marked mails, as they can be known again."""
    missing = Email.objects.for_user(account.owner_id).filter(account=account, missing_since__isnull=False)
    names = ("pk", "raw_key", "message_id_key", "size", "received_at")
    return [
        Trace(key, bytes(raw), bytes(message_id or b""), size, at)
        for key, raw, message_id, size, at in missing.values_list(*names)
    ]


def accepted(account: MailAccount) -> bool:
    """Whether the reader said, within a day, that much may go."""
    return account.gone_accepted_at is not None and account.gone_accepted_at > timezone.now() - WORD_LASTS


def drop(account: MailAccount, run: SyncRun, lease: Lease) -> bool:
    """Drop what an earlier run marked and this one did not find. False: the reader must be asked first."""
    asked = False
    for folder in account.folders.all():
        mine = Email.objects.for_user(account.owner_id).filter(folder=folder)
        marked = mine.filter(missing_since__lt=run.started_at)
        if not marked.exists():
            continue
        if brake(marked.count(), mine.count()):
            asked = asked or not accepted(account)
            waited = marked.filter(missing_since__lt=timezone.now() - WAITS)
            marked = waited if accepted(account) else marked.none()
        _drop(account, marked, run, lease)
    return not asked


def _drop(account: MailAccount, marked: QuerySet[Email], run: SyncRun, lease: Lease) -> None:
    while ids := list(marked.values_list("pk", flat=True)[:_AT_ONCE]):
        with acting_as(account.owner_id):
            lease.hold()
            for pk in ids:
                _take_twins_place(account, pk)
            mine = Email.objects.for_user(account.owner_id).filter(pk__in=ids)
            gone = mine.filter(missing_since__isnull=False)
            runs.count(run, dropped=gone.count())
            gone.delete()


def _take_twins_place(account: MailAccount, pk: int) -> None:
    """A mail that moved while we looked was stored twice: the older row keeps its tags and its thread."""
    mine = Email.objects.for_user(account.owner_id)
    old = mine.get(pk=pk)
    if old.missing_since is None:
        return
    alike = Q(raw_key=old.raw_key, missing_since=None, stored_at__gt=old.missing_since - WAITS)
    twins = list(mine.filter(alike, account=account)[:2])
    if len(twins) != 1:
        return
    twin = twins[0]
    place = {"folder_id": twin.folder_id, "uidvalidity": twin.uidvalidity, "uid": twin.uid}
    flags = {name: getattr(twin, name) for name in ("seen", "flagged", "answered", "draft", "deleted")}
    twin.delete()
    mine.filter(pk=pk).update(missing_since=None, **place, **flags)
