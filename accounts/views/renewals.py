"""New backup codes, a new recovery key, new keys.

What is new is shown first; until its reader says that it is kept, it stands nowhere but in the session,
sealed, and the old holds.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import backupcodes, events, newkeys, rewrapping, signup, unlocking
from accounts.confirming import ConfirmForm, confirmed
from accounts.door import ReaderRequest
from accounts.models import SecurityEvent
from accounts.sealing import CannotOpen
from accounts.securityforms import RenewedKeyForm
from accounts.signup import RecoveryKey
from accounts.views.security import OVERTAKEN, sign_in_anew

Kind = SecurityEvent.Kind

_CODES, _KEY = "new-backup-codes", "new-recovery-key"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def new_backup_codes(request: ReaderRequest) -> HttpResponse:
    """Ten others: the old ones hold until these are kept. Those that were never shown never hold: a second
    click finds none that wait, and a page from before the lock shows others."""
    codes, shown = _codes(request)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and not shown:
        form.add_error(None, _("Nothing was changed now. These are other codes than you saw before."))
    elif request.method == "POST" and confirmed(request, form):
        backupcodes.replace(request.user.pk, codes)
        unlocking.forget(request, _CODES)
        events.record(request.user.pk, Kind.BACKUP_CODES_MADE, request)
        messages.success(request, _("The new backup codes hold. The old ones are worth nothing now."))
        return redirect("accounts:security")
    context = {"setting": "security", "codes": codes, "form": form}
    return render(request, "accounts/new_backup_codes.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters("password", "first", "second")
@require_http_methods(["GET", "HEAD", "POST"])
def new_recovery_key(request: ReaderRequest) -> HttpResponse:
    """Another one: the old one holds until two groups of this one were typed from the reader's copy."""
    key = _key(request)
    form = RenewedKeyForm(request.POST or None, key=key)
    if request.method == "POST" and confirmed(request, form) and _replace(request, form, key):
        unlocking.forget(request, _KEY)
        events.record(request.user.pk, Kind.RECOVERY_KEY_MADE, request)
        messages.success(request, _("The new recovery key holds. The old one is worth nothing now."))
        return redirect("accounts:security")
    return _key_page(request, "accounts/new_recovery_key.html", key, form)


@never_cache
@sensitive_post_parameters("password", "first", "second")
@require_http_methods(["GET", "HEAD", "POST"])
def new_keys(request: ReaderRequest) -> HttpResponse:
    """After a theft: everything under the old keys is sealed anew."""
    key = _key(request)
    form = RenewedKeyForm(request.POST or None, key=key)
    if request.method == "POST" and confirmed(request, form) and _renew(request, form, key):
        return redirect(reverse("accounts:background_sync") + "?again=1")
    return _key_page(request, "accounts/new_keys.html", key, form)


def _replace(request: ReaderRequest, form: RenewedKeyForm, key: RecoveryKey) -> bool:
    try:
        rewrapping.change_recovery_key(request.vault, key.text)
    except CannotOpen:
        form.add_error(None, OVERTAKEN)
        return False
    return True


def _renew(request: ReaderRequest, form: RenewedKeyForm, key: RecoveryKey) -> bool:
    try:
        vault, renewed = newkeys.renew(request.user, request.vault, form.cleaned_data["password"], key.text)
    except CannotOpen:
        form.add_error(None, OVERTAKEN)
        return False
    sign_in_anew(request, vault)
    events.record(request.user.pk, Kind.KEYS_MADE, request)
    messages.success(
        request,
        _(
            "The new keys hold, and all your mail is here. All other sessions were signed out. Change the "
            "passwords of your mailboxes at their providers now."
        ),
    )
    if renewed.damaged:
        messages.warning(
            request, _("{n} damaged values did not open and stay as they are.").format(n=renewed.damaged)
        )
    return True


def _key_page(request: ReaderRequest, template: str, key: RecoveryKey, form: RenewedKeyForm) -> HttpResponse:
    context = {"setting": "security", "groups": key.groups, "text": key.text, "form": form}
    return render(request, template, context, status=422 if form.errors else 200)


def _codes(request: ReaderRequest) -> tuple[list[str], bool]:
    """Ten, and whether they were shown before."""
    kept = unlocking.kept(request, request.reader_session, _CODES)
    if kept:
        return kept.split(), True
    codes = backupcodes.draw()
    unlocking.keep(request, request.reader_session, _CODES, " ".join(codes))
    return codes, False


def _key(request: ReaderRequest) -> RecoveryKey:
    shown = unlocking.kept(request, request.reader_session, _KEY)
    if shown:
        return RecoveryKey.load(shown)
    key = signup.draw_recovery_key()
    unlocking.keep(request, request.reader_session, _KEY, key.dump())
    return key
