"""A lost password."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import attempts, credentials, recovering, unlocking
from accounts.door import visitor
from accounts.limits import limited
from accounts.securityforms import RecoverForm
from accounts.views.going import insecure, refuse_insecure
from accounts.waiting import Waiting


@visitor
@never_cache
@sensitive_post_parameters("recovery_key", "password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
@limited("recovery", "3/m")
def recover(request: HttpRequest) -> HttpResponse:
    """User name, recovery key and a new password; the second factor follows, and only then is it set.

    An unknown name and a wrong key look alike.
    """
    if insecure(request):
        return refuse_insecure(request)
    if unlocking.is_signed_in(request):
        return redirect("accounts:security")
    form = RecoverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = _first_factor(request, form)
        if found:
            unlocking.wait(request, found)
            return redirect("accounts:sign_in_code")
    return render(request, "accounts/recover.html", {"form": form}, status=422 if form.errors else 200)


def _first_factor(request: HttpRequest, form: RecoverForm) -> Waiting | None:
    name, password = form.cleaned_data["username"], form.cleaned_data["password"]
    wait = attempts.wait_of(request, name)
    if wait:
        credentials.pretend(password)
        attempts.pretend(request)
        form.add_error(None, attempts.refusal(wait))
        return None
    found = recovering.check(name, form.cleaned_data["recovery_key"], password)
    if not found:
        attempts.failed(request, name, "recovery")
        form.add_error(
            None, _("User name and recovery key do not fit together. Nothing was changed. Try again.")
        )
    return found
