"""For how long the workers may sync while the reader is away."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import backgroundsync, ending, events, grants
from accounts.door import ReaderRequest
from accounts.models import Grant, SecurityEvent
from accounts.views.going import next_of


@never_cache
@require_safe
def background_sync(request: ReaderRequest) -> HttpResponse:
    """The choices, what each means, and what is lent now. `again=1`: all that was lent has just ended."""
    owner = request.vault.owner
    context = {
        "setting": "background",
        "choices": backgroundsync.choices(owner),
        "lent": backgroundsync.lent(owner, request.reader_session),
        "soon": backgroundsync.ends_soon(owner),
        "again": request.GET.get("again") == "1",
    }
    return render(request, "accounts/background_sync.html", context)


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
    elif request.POST.get("until") in backgroundsync.offered(request.vault.owner):
        grants.choose(request.vault, Grant.Until(request.POST["until"]), request.reader_session)
        messages.success(request, _("Saved. The key is lent on these terms."))
    elif request.POST.get("until") == Grant.Until.FIRST_SYNC:
        messages.error(
            request, _("Nothing was changed: no account waits for its first sync. Choose another.")
        )
    else:
        messages.error(request, _("Nothing was changed. Choose one of those below."))
    return redirect("accounts:background_sync")


@require_POST
def background_later(request: ReaderRequest) -> HttpResponse:
    """The notice that the grant ends soon goes, for the rest of this session."""
    soon = backgroundsync.ends_soon(request.vault.owner)
    if soon:
        request.session[backgroundsync.LATER] = soon.grant
    return redirect(next_of(request) or "accounts:background_sync")


@transaction.atomic
def _stop(request: ReaderRequest) -> None:
    ending.end_other_sessions(request.vault.owner, request.reader_session)
    request.reader_session.lends = False
    request.reader_session.save(update_fields=["lends"])
    grants.stop(request.vault.owner)  # last: who acted in these sessions has lent what they will
    events.record(request.vault.owner, SecurityEvent.Kind.GRANT_ENDED, request)
