"""What every page of a reader shows around its own: the rail, and the header's state of things."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts import unlocking
from accounts.durations import ago
from accounts.models import MailAccount
from accounts.ownership import acting_as
from mail.reading import Mailboxes, OpenAccount
from mail.views.boxes import boxes
from mail.views.runs import lines


def frame(request: HttpRequest) -> dict[str, Any]:
    """The rail and the header. Nothing is opened for a page that has no frame, or whose vault is shut."""
    if getattr(request, "vault", None) is None:
        return {}
    return {"frame": SimpleLazyObject(lambda: _frame(request))}


def _frame(request: Any) -> dict[str, Any]:
    with acting_as(request.user):  # a view with short transactions has none open while it renders
        found = boxes(request)
    now = timezone.now()
    seconds = max(0, int((unlocking.locks_at(request.reader_session) - now).total_seconds()))
    synced = max((box.synced_at for box in found.accounts if box.synced_at), default=None)
    return {
        "reader_name": request.user.username,
        "lock_seconds": seconds,
        "lock_minutes": -(-seconds // 60),
        "inbox_count": sum(box.open for box in found.accounts),
        "synced": ago(synced) if synced else "",
        "runs": lines(found),
        "accounts": _accounts(found),
    }


def _accounts(found: Mailboxes) -> list[dict[str, Any]]:
    return [_account(box) for box in found.accounts]


def _account(box: OpenAccount) -> dict[str, Any]:
    return {
        "pk": box.pk,
        "name": box.name,
        "count": box.open,
        "trouble": box.state == MailAccount.State.ATTENTION,
        "folders": [
            {"pk": folder.pk, "name": folder.name, "role": folder.role, "count": folder.unread}
            for folder in box.folders
        ],
    }
