"""For how long the workers may sync while the reader is away."""

from django.contrib import messages
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import events, grants
from accounts.door import ReaderRequest
from accounts.models import Grant, ReaderSession, SecurityEvent

_OFFERED = (Grant.Until.SIGNED_OUT, Grant.Until.FIRST_SYNC, Grant.Until.REVOKED)


@require_POST
def background(request: ReaderRequest) -> HttpResponse:
    """Lend the key on the terms chosen, or take back all that is lent."""
    if "stop" in request.POST:
        _stop(request)
        messages.success(
            request,
            _(
                "All lent keys were taken back, and other sessions were signed out. No mail is fetched "
                "until you choose again."
            ),
        )
    elif request.POST.get("until") in _OFFERED:
        grants.choose(request.vault, Grant.Until(request.POST["until"]), request.reader_session)
        messages.success(request, _("Saved. The key is lent on these terms."))
    else:
        messages.error(request, _("Nothing was changed. Choose one of the three."))
    return redirect("accounts:list")


@transaction.atomic
def _stop(request: ReaderRequest) -> None:
    others = ReaderSession.objects.for_user(request.user).exclude(pk=request.reader_session.pk)
    Session.objects.filter(pk__in=others.values("session_id")).delete()
    request.reader_session.lends = False
    request.reader_session.save(update_fields=["lends"])
    grants.stop(request.user.pk)  # last: who acted in these sessions has lent what they will
    events.record(request.user.pk, SecurityEvent.Kind.GRANT_ENDED, request)
