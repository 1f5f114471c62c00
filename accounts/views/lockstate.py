"""What open pages ask about the lock, and that their reader is still there: see static/js/lock.js."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import durations, unlocking
from accounts.door import ReaderRequest, quiet, signed_in


@signed_in
@quiet
@never_cache
@require_safe
def state(request: ReaderRequest) -> HttpResponse:
    """What an open page asks before it leaves, or comes out from under its cover: see static/js/lock.js.

    `token` makes the page's forms valid again where a sign-in in another tab has changed it.
    """
    return JsonResponse(_state(request))


@require_POST
def stay(request: ReaderRequest) -> HttpResponse:
    """The reader is still there: an act, and nothing else."""
    return JsonResponse(_state(request))


def _state(request: ReaderRequest) -> dict[str, Any]:
    known = {"reader": request.user.pk, "token": get_token(request)}
    if getattr(request, "vault", None) is None:
        return {**known, "open": False}
    clocks = unlocking.clocks(request.reader_session)
    return {
        **known,
        "open": True,
        **clocks,
        "ends_at": durations.clock(unlocking.ends_at(request.reader_session)),
    }
