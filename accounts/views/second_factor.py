"""The second step of sign-in: a code, or a passkey. Afterwards, and not before, the vault is opened."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import (
    attempts,
    authenticator,
    backupcodes,
    challenges,
    events,
    passkeys,
    rewrapping,
    signup,
    unlocking,
)
from accounts.door import visitor
from accounts.forms import CodeForm
from accounts.limits import limited
from accounts.models import SecurityEvent
from accounts.ownership import acting_as
from accounts.sealing import CannotOpen
from accounts.secondfactorforms import CredentialForm
from accounts.views.going import next_of, with_next
from accounts.waiting import Waiting

Kind = SecurityEvent.Kind


@visitor
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("second-factor", "5/m")
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Six digits of the authenticator, or a backup code."""
    waiting = unlocking.waiting(request)
    if waiting is None or not waiting.user.is_active or unlocking.is_signed_in(request):
        return _elsewhere(request, waiting)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        problem = _code_problem(request, waiting, code)
        if not problem:
            return _open(request, waiting, lost=not authenticator.is_code(code))
        form.add_error(None, problem)
    return _page(request, waiting, form)


@visitor
@never_cache
@require_POST
@limited("second-factor", "5/m")
def sign_in_passkey(request: HttpRequest) -> HttpResponse:
    """What a passkey answered to the page's challenge."""
    waiting = unlocking.waiting(request)
    if waiting is None or not waiting.user.is_active or unlocking.is_signed_in(request):
        return _elsewhere(request, waiting)
    form = CredentialForm(request.POST)
    sent = form.cleaned_data["credential"] if form.is_valid() else ""
    problem = _passkey_problem(request, waiting, sent)
    return _page(request, waiting, CodeForm(), problem) if problem else _open(request, waiting)


def _page(request: HttpRequest, waiting: Waiting, form: CodeForm, passkey_problem: str = "") -> HttpResponse:
    context = {
        "form": form,
        "next": next_of(request),
        "passkey_options": challenges.ask(request, passkeys.site_of(request), waiting),
        "passkey_problem": passkey_problem,
    }
    status = 422 if form.errors or passkey_problem else 200
    return render(request, "accounts/sign_in_code.html", context, status=status)


def _elsewhere(request: HttpRequest, waiting: Waiting | None) -> HttpResponse:
    """Nobody waits for the second factor here."""
    if unlocking.is_signed_in(request):
        return redirect("/")
    if waiting and signup.enrolling(waiting.user):
        return redirect("accounts:sign_up_authenticator")
    return _start_again(request)


def _code_problem(request: HttpRequest, waiting: Waiting, code: str) -> str:
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


def _passkey_problem(request: HttpRequest, waiting: Waiting, sent: str) -> str:
    """Why the passkey is not good; "" where it is."""
    wait = attempts.wait_of(request, waiting.user.username)
    if wait:
        return attempts.refusal(wait)
    site, challenge = passkeys.site_of(request), challenges.take(request)
    if site is None or not challenge:
        return _("This page was used already, or another tab was faster. Try the passkey once more.")
    try:
        passkeys.check(site, waiting.user, challenge, sent)
    except passkeys.Refused as refused:
        attempts.failed(request, waiting.user.username, "second-factor")
        return _refusal(refused)
    return ""


def _refusal(refused: passkeys.Refused) -> str:
    if isinstance(refused, passkeys.Copied):
        return _(
            "This passkey counts wrongly: somebody may have a copy of it. Enter a code instead, then remove "
            "the passkey in the settings."
        )
    return _("This passkey was not taken. Try again, or enter a code instead.")


def _open(request: HttpRequest, waiting: Waiting, *, lost: bool = False) -> HttpResponse:
    """Both factors passed. `lost`: a backup code stood in for the second; another one is offered."""
    target = next_of(request) or "/"
    try:
        _begin(request, waiting)
    except CannotOpen:  # the password, or the recovery key, was changed in between
        return _start_again(request)
    attempts.passed(request, waiting.user.username)
    if waiting.recovers:
        events.record(waiting.user.pk, Kind.RECOVERED, request)
        messages.success(
            request, _("The new password is set, and all your mail is here. Make a new recovery key now.")
        )
        return redirect("accounts:new_recovery_key")
    events.record(waiting.user.pk, Kind.SIGNED_IN, request)
    return redirect(with_next("accounts:authenticator", target) + "&lost=1" if lost else target)


def _begin(request: HttpRequest, waiting: Waiting) -> None:
    """In one transaction: whoever changes the password next finds this session. Raises CannotOpen."""
    with acting_as(waiting.user):
        vault = rewrapping.settle(waiting)
        challenges.take(request)
        unlocking.sign_in(request, waiting.user, vault, authenticator.device_of(waiting.user))


def _start_again(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("That took too long, or a cookie was missing. Sign in once more."))
    return redirect(with_next("accounts:sign_in", next_of(request)))
