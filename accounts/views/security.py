"""What protects the account, at a glance; and a new password."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import durations, events, rewrapping, secondfactors, unlocking
from accounts.confirming import confirmed
from accounts.door import ReaderRequest
from accounts.keyring import Vault
from accounts.models import BackupCode, Identity, SecurityEvent
from accounts.sealing import CannotOpen
from accounts.securityforms import PasswordChangeForm

Kind = SecurityEvent.Kind

OVERTAKEN = gettext_lazy("Another tab was faster. Nothing was changed here. Load the page again.")

_MAKE_RECOVERY_KEYS = (Kind.SIGNED_UP, Kind.RECOVERY_KEY_MADE, Kind.KEYS_MADE)


@never_cache
@require_safe
def security(request: ReaderRequest) -> HttpResponse:
    """Password, second factors, keys on paper."""
    identity = Identity.objects.for_user(request.user).get()
    context = {
        "setting": "security",
        "codes_left": BackupCode.objects.for_user(request.user).filter(used_at=None).count(),
        "second_factors": secondfactors.of(request),
        "has_recovery_key": identity.wrapped_by_recovery is not None,
        "recovery_key_made": _recovery_key_made(request),
    }
    return render(request, "accounts/security.html", context)


@never_cache
@sensitive_post_parameters("present", "password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: ReaderRequest) -> HttpResponse:
    """Another password: one secret is wrapped anew, everybody else is signed out."""
    form = PasswordChangeForm(request.POST or None, username=request.user.username)
    if request.method == "POST" and confirmed(request, form, "present") and _change(request, form):
        sign_in_anew(request, request.vault)
        events.record(request.user.pk, Kind.PASSWORD_CHANGED, request)
        messages.success(request, _("The new password is set. All other sessions were signed out."))
        return redirect(reverse("accounts:background_sync") + "?again=1")
    context = {"setting": "security", "form": form}
    return render(request, "accounts/password_change.html", context, status=422 if form.errors else 200)


def _change(request: ReaderRequest, form: PasswordChangeForm) -> bool:
    try:
        rewrapping.change_password(request.user, request.vault, form.cleaned_data["password"])
    except CannotOpen:
        form.add_error(None, OVERTAKEN)
        return False
    return True


def _recovery_key_made(request: ReaderRequest) -> str:
    """When, as the events tell; "" where none does."""
    made = SecurityEvent.objects.for_user(request.user).filter(kind__in=_MAKE_RECOVERY_KEYS)
    last = made.order_by("-at").first()
    return durations.ago(last.at) if last else ""


def sign_in_anew(request: ReaderRequest, vault: Vault) -> None:
    """Every session has ended, this one too: the reader goes on in a fresh one, with fresh halves."""
    device = request.user.otp_device  # type: ignore[attr-defined]
    request.session.flush()
    unlocking.sign_in(request, request.user, vault, device)
