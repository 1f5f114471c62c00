"""The first step of sign-in, and sign-out."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import attempts, credentials, events, unlocking
from accounts.door import ReaderRequest, signed_in, visitor
from accounts.forms import SignInForm
from accounts.limits import limited
from accounts.models import SecurityEvent
from accounts.views.going import insecure, next_of, refuse_insecure, with_next
from accounts.waiting import Waiting

Kind = SecurityEvent.Kind


@visitor
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@limited("sign-in", "5/m")
def sign_in(request: HttpRequest) -> HttpResponse:
    """User name and password. An unknown name, a wrong password and an inactive user look alike; all of them
    are counted, and who must wait is told so without a look at the password."""
    if insecure(request):
        return refuse_insecure(request)
    if unlocking.is_signed_in(request):
        return redirect(next_of(request) or "/")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = _first_factor(request, form)
        if found:
            unlocking.wait(request, found)
            return redirect(with_next("accounts:sign_in_code", next_of(request)))
    context: dict[str, Any] = {"form": form, "next": next_of(request), "insecure": False}
    context["demo"] = {"username": "demo"} if settings.DEMO else None
    return render(request, "accounts/sign_in.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def sign_out(request: ReaderRequest) -> HttpResponse:
    """The session ends, and with it its halves and what was lent in it."""
    with transaction.atomic():
        unlocking.hold(request.reader_session)
        events.record(request.user.pk, Kind.SIGNED_OUT, request)
        request.reader_session.grants.all().delete()
        logout(request)
    request.half_to_set = b""  # type: ignore[attr-defined]
    messages.success(request, _("Signed out. The keys are gone from this browser."))
    return redirect("accounts:sign_in")


def _first_factor(request: HttpRequest, form: SignInForm) -> Waiting | None:
    name, password = form.cleaned_data["username"], form.cleaned_data["password"]
    wait = attempts.wait_of(request, name)
    if wait:
        credentials.pretend(password)
        attempts.pretend(request)
        form.add_error(None, attempts.refusal(wait))
        return None
    found = credentials.check(request, name, password)
    if not found:
        attempts.failed(request, name, "password")
        form.add_error(None, _("User name and password do not fit together. Nothing was changed. Try again."))
    return found
