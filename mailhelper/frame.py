"""What every page of a reader shows around its own: the rail, and the header's state of things."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import backgroundsync, knowndevices, unlocking
from accounts.durations import ago, clock
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
        found, browsers = boxes(request), knowndevices.untold(request)
        soon = backgroundsync.ends_soon(request.vault.owner)
    clocks = unlocking.clocks(request.reader_session)
    synced = max((box.synced_at for box in found.accounts if box.synced_at), default=None)
    return {
        "reader_name": request.user.username,
        "reader": request.user.pk,
        "lock_seconds": clocks["idle"],
        "lock_minutes": -(-clocks["idle"] // 60),
        "lock_at_most": clocks["ends"],
        "lock_ends": clock(unlocking.ends_at(request.reader_session)),
        "new_browsers": browsers,
        "grant_ends": soon if soon and request.session.get(backgroundsync.LATER) != soon.grant else None,
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
