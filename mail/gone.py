"""Mail that the server no longer lists: marked at one complete listing, dropped after a second one.

Between the two it can be found again: moved to another folder, or under a new UIDVALIDITY. Where much of a
folder is gone, an hour and the reader's word stand between as well.

Mail from where the account was before (its UIDVALIDITY is below 0) is in no listing that we will ever see: no
absence marks it, and it goes by the reader's word only.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.mailboxes import ELSEWHERE
from accounts.models import MailAccount
from accounts.ownership import acting_as
from mail import runs
from mail.imap.plan import Trace, brake
from mail.lease import Lease
from mail.models import Email, Folder, SyncRun

WAITS = timedelta(hours=1)
_AT_ONCE = 500
_WHOLE = ("", "many-gone")  # what a run ends with that saw everything


def mark(
    folder: Folder, ids: Collection[int], run: SyncRun, lease: Lease, *, at: datetime | None = None
) -> None:
    """These mails were not in a complete listing. `at`: the reader's word that they may go."""
    with acting_as(folder.owner_id):
        lease.hold()
        mine = Email.objects.for_user(folder.owner_id).filter(pk__in=ids, missing_since=None)
        runs.count(run, gone=mine.update(missing_since=at or timezone.now()))


def mark_generation(folder: Folder, uidvalidity: int, lease: Lease) -> None:
    """The server numbers anew (RFC 3501 §2.3.1.1): every UID we stored names another mail now, or none."""
    with acting_as(folder.owner_id):
        lease.hold()
        mine = Email.objects.for_user(folder.owner_id).filter(folder=folder, missing_since=None)
        mine.filter(uidvalidity__gte=0).exclude(uidvalidity=uidvalidity).update(missing_since=timezone.now())


def seen_again(folder: Folder, ids: Collection[int], lease: Lease) -> None:
    """These were marked, and are listed after all."""
    with acting_as(folder.owner_id):
        lease.hold()
        Email.objects.for_user(folder.owner_id).filter(pk__in=ids).update(missing_since=None)


def traces(account: MailAccount, doubtful: Collection[int] = ()) -> list[Trace]:
    """The account's marked mails, the doubtful ones and those from elsewhere, as they can be known again."""
    away = Q(missing_since__isnull=False) | Q(pk__in=doubtful) | Q(uidvalidity=ELSEWHERE)
    names = ("pk", "raw_key", "message_id_key", "size", "received_at")
    with acting_as(account.owner_id):
        missing = Email.objects.for_user(account.owner_id).filter(away, account=account)
        return [
            Trace(key, bytes(raw), bytes(message_id or b""), size, at)
            for key, raw, message_id, size, at in missing.values_list(*names)
        ]


def word(account: MailAccount) -> datetime | None:
    """When the reader said that much may go: of what was gone then, so it is used by one whole run."""
    at = account.gone_accepted_at
    if at is None:
        return None
    with acting_as(account.owner_id):
        ended = SyncRun.objects.for_user(account.owner_id).filter(account=account, finished_at__isnull=False)
        return None if ended.filter(started_at__gt=at, error__in=_WHOLE).exists() else at


def unsure(folder: Folder, doubtful: Collection[int], live: int) -> int:
    """How many mails the reader must be asked about: those that did not turn up in another folder either."""
    with acting_as(folder.owner_id):
        left = Email.objects.for_user(folder.owner_id).filter(folder=folder, pk__in=doubtful).count()
    return left if brake(left, live) else 0


def drop(account: MailAccount, run: SyncRun, lease: Lease) -> bool:
    """Drop what an earlier run marked and this one did not find. False: the reader must be asked first."""
    asked = False
    with acting_as(account.owner_id):
        marked = account.folders.filter(emails__missing_since__lt=run.started_at)
        known = [folder for folder in marked.distinct() if _is_known(folder, run)]
    for folder in known:
        must_ask, going = _going(account, folder, run)
        asked = asked or must_ask
        for mails in going:
            _drop(account, mails, run, lease)
    return not _asks_elsewhere(account, run, lease) and not asked


def _going(account: MailAccount, folder: Folder, run: SyncRun) -> tuple[bool, list[QuerySet[Email]]]:
    """Whether the reader must be asked about a folder, and what of it goes without."""
    with acting_as(account.owner_id):
        mine = Email.objects.for_user(account.owner_id).filter(folder=folder)
        allowed, others = _by_word(account, mine.filter(missing_since__lt=_before(folder, run)))
        must_ask = brake(others.count(), mine.count())
    return must_ask, [allowed] if must_ask else [allowed, others]


def _asks_elsewhere(account: MailAccount, run: SyncRun, lease: Lease) -> bool:
    """Whether the reader must be asked about mail from where the account was, which is not where it is.

    By their word it is marked, as old as the word: it goes as all that is gone does.
    """
    with acting_as(account.owner_id):
        mine = Email.objects.for_user(account.owner_id).filter(account=account, uidvalidity=ELSEWHERE)
        left = mine.filter(missing_since=None)
        if account.gone_accepted_at is None or not left.exists():
            return left.exists()
        lease.hold()
        runs.count(run, gone=left.update(missing_since=account.gone_accepted_at))
    return False


def _is_known(folder: Folder, run: SyncRun) -> bool:
    """Whether this run looked at the whole folder, or saw that it cannot be opened any more."""
    closed = folder.missing_since is not None or not folder.selectable
    return closed or (folder.synced_at is not None and folder.synced_at >= run.started_at)


def _before(folder: Folder, run: SyncRun) -> datetime:
    """Marked by then, mail may go: by an earlier run; an hour ago where a list left the whole folder out."""
    return run.started_at if folder.missing_since is None else min(run.started_at, timezone.now() - WAITS)


def _by_word(account: MailAccount, marked: QuerySet[Email]) -> tuple[QuerySet[Email], QuerySet[Email]]:
    """What may go by the reader's word, an hour after it; and what was marked later."""
    at = account.gone_accepted_at
    if at is None:
        return marked.none(), marked
    allowed = marked.filter(missing_since__lte=at)
    return allowed if at < timezone.now() - WAITS else marked.none(), marked.filter(missing_since__gt=at)


def _drop(account: MailAccount, marked: QuerySet[Email], run: SyncRun, lease: Lease) -> None:
    while _drop_some(account, marked, run, lease):
        pass


def _drop_some(account: MailAccount, marked: QuerySet[Email], run: SyncRun, lease: Lease) -> bool:
    """A batch, in a transaction. False: there was none left."""
    with acting_as(account.owner_id):
        lease.hold()
        ids = list(marked.values_list("pk", flat=True)[:_AT_ONCE])
        for pk in ids:
            _take_twins_place(account, pk)
        mine = Email.objects.for_user(account.owner_id).filter(pk__in=ids)
        gone = mine.filter(missing_since__isnull=False)
        runs.count(run, dropped=gone.count())
        gone.delete()
    return bool(ids)


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
