"""Lock now, and the page that a locked vault shows."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import attempts, rewrapping, unlocking
from accounts.door import ReaderRequest, signed_in
from accounts.forms import UnlockForm
from accounts.keyring import Vault
from accounts.sealing import CannotOpen
from accounts.views.going import next_of


@signed_in
@require_POST
def lock(request: ReaderRequest) -> HttpResponse:
    """At once: halves and what was lent while signed in."""
    if not request.reader_session.locked_at:
        unlocking.lock(request.reader_session, request)
    return redirect("accounts:locked")


@signed_in
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def locked(request: ReaderRequest) -> HttpResponse:
    """The password alone opens the vault again: the second factor was shown in this session."""
    if _is_open(request):
        return redirect(next_of(request) or "/")
    form = UnlockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        vault = _opened(request, form)
        if vault:
            unlocking.unlock(request, request.reader_session, vault)
            return redirect(next_of(request) or "/")
    context = {"form": form, "next": next_of(request)}
    return render(request, "accounts/locked.html", context, status=422 if form.errors else 200)


def _is_open(request: HttpRequest) -> bool:
    return getattr(request, "vault", None) is not None


def _opened(request: ReaderRequest, form: UnlockForm) -> Vault | None:
    name = request.user.username
    wait = attempts.wait_of(request, name)
    if wait:
        form.add_error(None, attempts.refusal(wait))
        return None
    try:
        vault = rewrapping.unlock(request.user, form.cleaned_data["password"])
    except CannotOpen:
        attempts.failed(request, name, "unlock")
        form.add_error(None, _("The password is not right. Nothing was changed. Try again."))
        return None
    attempts.passed(request, name)
    return vault
