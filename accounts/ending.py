"""Sessions that end from elsewhere: their halves, and what was lent in them, go with them."""

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from accounts.models import ReaderSession
from accounts.ownership import acting_as


def end_other_sessions(user_id: int, keep: ReaderSession | None) -> int:
    """Sign the reader out everywhere but in `keep` (None: everywhere). Returns how many sessions ended.

    Grants without a session live on: who means them too calls `grants.stop` afterwards.
    """
    with acting_as(user_id):
        mine = ReaderSession.objects.for_user(user_id)
        return _end(mine.exclude(pk=keep.pk) if keep else mine)


def end_session(user_id: int, pk: int) -> bool:
    """Sign one of the reader's sessions out. False where it is not there."""
    with acting_as(user_id):
        return bool(_end(ReaderSession.objects.for_user(user_id).filter(pk=pk)))


def _end(rows: QuerySet[ReaderSession]) -> int:
    """Held first: an act under way in one of them has lent what it will, and that is found and goes too."""
    keys = list(rows.select_for_update().values_list("session_id", flat=True))
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)
