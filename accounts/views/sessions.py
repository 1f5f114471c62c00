"""Where the reader is signed in, and signing out elsewhere."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import devices, durations, ending, events, knowndevices, unlocking
from accounts.devices import Device
from accounts.door import ReaderRequest
from accounts.models import ReaderSession, SecurityEvent
from accounts.views.going import next_of


@dataclass(frozen=True, slots=True)
class Line:
    """A session: see templates/accounts/sessions.html."""

    pk: int
    device: Device | None
    signed_in: str
    seen: str
    locked: bool
    this: bool


@never_cache
@require_safe
def sessions(request: ReaderRequest) -> HttpResponse:
    """This one first, then the one seen last."""
    now = timezone.now()
    mine = ReaderSession.objects.for_user(request.user).filter(session__expire_date__gt=now)
    lines = [_line(request, row) for row in mine.order_by("-last_seen", "-pk")]
    lines.sort(key=lambda line: not line.this)
    context = {"setting": "sessions", "sessions": lines, "others": len(lines) - 1}
    return render(request, "accounts/sessions.html", context)


@require_POST
def end_session(request: ReaderRequest, pk: int) -> HttpResponse:
    """Sign one of the others out."""
    if pk == request.reader_session.pk:
        messages.warning(
            request, _("This is the session you are in. Nothing was changed. Use the first button.")
        )
    elif ending.end_session(request.vault.owner, pk):
        events.record(request.vault.owner, SecurityEvent.Kind.SESSION_ENDED, request)
        messages.success(request, _("That session was signed out. Its keys are gone."))
    else:
        raise Http404
    return redirect("accounts:sessions")


@require_POST
def end_other_sessions(request: ReaderRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    ended = ending.end_other_sessions(request.vault.owner, request.reader_session)
    if ended:
        events.record(request.vault.owner, SecurityEvent.Kind.SESSION_ENDED, request)
    told = ngettext(
        "{n} other session was signed out. Its keys are gone.",
        "{n} other sessions were signed out. Their keys are gone.",
        ended,
    )
    messages.success(request, told.format(n=ended) if ended else _("There was no other session."))
    return redirect("accounts:sessions")


@require_POST
def new_browser(request: ReaderRequest, pk: int) -> HttpResponse:
    """The reader says whether a browser that signed in was theirs."""
    known = request.POST.get("answer") == "yes"
    if not knowndevices.answer(request, pk, known=known):
        raise Http404
    if known:
        return redirect(next_of(request) or "/")
    messages.warning(
        request,
        _(
            "Sign out the session that is not yours, then change the password: whoever came in knew it, and "
            "had your second factor."
        ),
    )
    return redirect("accounts:sessions")


def _line(request: ReaderRequest, row: ReaderSession) -> Line:
    return Line(
        pk=row.pk,
        device=devices.opened(request.vault, row, "device"),
        signed_in=durations.moment(row.signed_in_at),
        seen=durations.ago(row.last_seen),
        locked=row.locked_at is not None or unlocking.locks_at(row) <= timezone.now(),
        this=row.pk == request.reader_session.pk,
    )
