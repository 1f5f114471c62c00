"""Sign-in in two steps, and sign-out."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import attempts, authenticator, backupcodes, credentials, events, rewrapping, signup, unlocking
from accounts.door import ReaderRequest, signed_in, visitor
from accounts.forms import CodeForm, SignInForm
from accounts.limits import limited
from accounts.models import SecurityEvent
from accounts.sealing import CannotOpen
from accounts.views.going import insecure, next_of, refuse_insecure
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
            return redirect(_with_next("accounts:sign_in_code", next_of(request)))
    context: dict[str, Any] = {"form": form, "next": next_of(request), "insecure": False}
    context["demo"] = {"username": "demo"} if settings.DEMO else None
    return render(request, "accounts/sign_in.html", context, status=422 if form.errors else 200)


@visitor
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("second-factor", "5/m")
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second factor: afterwards, and not before, the vault is opened."""
    if unlocking.is_signed_in(request):
        return redirect("/")
    waiting = unlocking.waiting(request)
    if waiting is None or not waiting.user.is_active:
        if waiting and signup.enrolling(waiting.user):
            return redirect("accounts:sign_up_authenticator")
        return _start_again(request)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        problem = _second_factor(request, waiting, code)
        if not problem:
            return _open(request, waiting, lost=not authenticator.is_code(code))
        form.add_error(None, problem)
    context = {"form": form, "next": next_of(request)}
    return render(request, "accounts/sign_in_code.html", context, status=422 if form.errors else 200)


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


def _second_factor(request: HttpRequest, waiting: Waiting, code: str) -> str:
    """Why the code is not good; "" where it is."""
    wait = attempts.wait_of(request, waiting.user.username)
    if wait:
        return attempts.refusal(wait)
    device = authenticator.device_of(waiting.user)
    if device and authenticator.is_code(code):
        checked = authenticator.check(device, code)
        if checked.closed or checked.wait:  # nothing was compared: no failure of theirs
            return authenticator.refusal(checked)
        problem = "" if checked.ok else authenticator.refusal(checked)
    elif device and backupcodes.use(waiting.user.pk, code):
        events.record(waiting.user.pk, Kind.BACKUP_CODE_USED, request)
        problem = ""
    else:
        problem = _("This is no code of the authenticator, and no backup code that still works.")
    if problem:
        attempts.failed(request, waiting.user.username, "second-factor")
    return problem


def _open(request: HttpRequest, waiting: Waiting, *, lost: bool = False) -> HttpResponse:
    """Both factors passed. `lost`: a backup code stood in for the second; another one is offered."""
    target = next_of(request) or "/"
    try:
        vault = rewrapping.settle(waiting)
    except CannotOpen:  # the password, or the recovery key, was changed in between
        return _start_again(request)
    unlocking.sign_in(request, waiting.user, vault, authenticator.device_of(waiting.user))
    attempts.passed(request, waiting.user.username)
    if waiting.recovers:
        events.record(waiting.user.pk, Kind.RECOVERED, request)
        messages.success(
            request, _("The new password is set, and all your mail is here. Make a new recovery key now.")
        )
        return redirect("accounts:new_recovery_key")
    events.record(waiting.user.pk, Kind.SIGNED_IN, request)
    return redirect(_with_next("accounts:authenticator", target) + "&lost=1" if lost else target)


def _start_again(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("That took too long, or a cookie was missing. Sign in once more."))
    return redirect(_with_next("accounts:sign_in", next_of(request)))


def _with_next(name: str, target: str) -> str:
    return reverse(name) + ("?" + urlencode({"next": target}) if target else "")
