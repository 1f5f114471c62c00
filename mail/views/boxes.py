"""The reader's accounts and folders, opened once a request: views and the frame around them share it."""

from django.http import HttpRequest

from accounts.door import ReaderRequest
from mail import reading
from mail.reading import Mailboxes

_KEPT = "mailboxes"


def boxes(request: ReaderRequest) -> Mailboxes:
    """All mail accounts, their folders, counts and live runs."""
    kept = boxes_if_open(request)
    if kept is None:
        kept = reading.mailboxes(request.vault)
        setattr(request, _KEPT, kept)
    return kept


def boxes_if_open(request: HttpRequest) -> Mailboxes | None:
    """What was opened in this request already."""
    kept: Mailboxes | None = getattr(request, _KEPT, None)
    return kept
