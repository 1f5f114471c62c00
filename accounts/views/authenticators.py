"""Another authenticator, for a lost or a new phone."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp import login as second_factor_login

from accounts import authenticator, ending, events, unlocking
from accounts.confirming import confirmed
from accounts.door import ReaderRequest
from accounts.models import Authenticator, BackupCode, SecurityEvent
from accounts.secondfactorforms import PairForm
from accounts.views.going import next_of

_PAIRING = "authenticator"


@never_cache
@sensitive_post_parameters("code", "password")
@require_http_methods(["GET", "HEAD", "POST"])
def change_authenticator(request: ReaderRequest) -> HttpResponse:
    """Pair another app. The one before holds until a code of the new one came with the password.

    `?lost=1`: the reader has just signed in with a backup code.
    """
    device = _pairing(request)
    form = PairForm(request.POST or None)
    if request.method == "POST" and confirmed(request, form) and _is_right(form, device):
        _replace(request, device)
        messages.success(
            request, _("The new authenticator holds. The old one is worth nothing now; other sessions ended.")
        )
        return redirect(next_of(request) or "accounts:security")
    context = {
        "setting": "security",
        "form": form,
        "qr": authenticator.pairing_picture(device),
        "secret_groups": authenticator.secret_groups(device),
        "lost": "lost" in request.GET,
        "codes_left": BackupCode.objects.for_user(request.user).filter(used_at=None).count(),
        "next": next_of(request),
    }
    return render(request, "accounts/authenticator.html", context, status=422 if form.errors else 200)


def _pairing(request: ReaderRequest) -> Authenticator:
    """The one that this session pairs: a reload shows the same picture."""
    device = authenticator.device_of(request.user, confirmed=False)
    if device is None or unlocking.kept(request, request.reader_session, _PAIRING) != str(device.pk):
        device = authenticator.begin_pairing(request.user)
        unlocking.keep(request, request.reader_session, _PAIRING, str(device.pk))
    return device


def _is_right(form: PairForm, device: Authenticator) -> bool:
    checked = authenticator.check(device, form.cleaned_data["code"], pairing=True)
    if not checked.ok:
        form.add_error("code", authenticator.refusal(checked))
    return checked.ok


@transaction.atomic
def _replace(request: ReaderRequest, device: Authenticator) -> None:
    authenticator.replace(request.user, device)
    unlocking.forget(request, _PAIRING)
    second_factor_login(request, device)
    ending.end_other_sessions(request.user.pk, request.reader_session)
    events.record(request.user.pk, SecurityEvent.Kind.AUTHENTICATOR_CHANGED, request)
