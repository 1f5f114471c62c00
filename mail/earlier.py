"""Mail from before the reader's date that is here all the same: the date was another when it was fetched.

It is followed where it moves, though nothing else of its time is fetched: else a move on the server would
take it away here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from django.db.models import Q

from accounts.keyring import WorkerKeys
from accounts.mailboxes import ELSEWHERE
from accounts.models import MailAccount
from accounts.ownership import acting_as
from mail import folders, gone
from mail.imap.session import Session
from mail.models import Email
from mail.scan import Found


def searching(account: MailAccount) -> bool:
    """Whether such mail waits to be found again: then every folder is listed, the unchanged ones too."""
    if account.since is None:
        return False
    away = Q(missing_since__isnull=False) | Q(uidvalidity=ELSEWHERE)
    with acting_as(account.owner_id):
        mine = Email.objects.for_user(account.owner_id).filter(away, account=account)
        return mine.filter(received_at__lt=_start(account)).exists()


def find(account: MailAccount, keys: WorkerKeys, session: Session, found: Sequence[Found]) -> None:
    """Add to what is fetched what looks like it: the same size, come in the same second. Raises SyncError."""
    places = [one for one in found if one.earlier]
    if account.since is None or not places:
        return
    doubtful = [pk for one in found for pk in one.doubtful]
    traces = gone.traces(account, doubtful)
    shapes = {(one.size, one.received_at) for one in traces if one.received_at}
    for one in places if shapes else ():
        session.examine(folders.raw_name(one.folder, keys))
        heads = session.heads(one.earlier).values()
        more = [head.uid for head in heads if (head.size, head.received_at) in shapes]
        one.fetch = tuple(sorted({*one.fetch, *more}, reverse=True))


def _start(account: MailAccount) -> datetime:
    """The first moment of the date, wherever on earth."""
    assert account.since is not None
    return datetime.combine(account.since, time.max, UTC)
