"""What deleted mail leaves behind: threads and content keys that nothing belongs to any more."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import ContentKey
from accounts.ownership import acting_as_operator
from mail.models import Email, Thread

#: A batch that is being stored has its thread and its key before its mails.
_AGE = timedelta(days=1)
_AT_ONCE = 5000


def drop_orphans() -> dict[str, int]:
    """Delete some of them. Returns counts."""
    with acting_as_operator("drop what deleted mail leaves behind"):
        mails = Email.unscoped.all()
        return {
            "threads": _drop(Thread.unscoped.filter(~Exists(mails.filter(thread=OuterRef("pk"))))),
            "content_keys": _drop(
                ContentKey.unscoped.filter(~Exists(mails.filter(content_key=OuterRef("pk"))))
            ),
        }


def _drop(orphans: QuerySet[Any]) -> int:
    old = orphans.filter(made_at__lt=timezone.now() - _AGE).values_list("pk", flat=True)
    dropped, _ = orphans.filter(pk__in=list(old[:_AT_ONCE])).delete()
    return dropped
