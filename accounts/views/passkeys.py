"""A reader's passkeys: add one in two steps (name and password, then the browser's part), rename, remove."""

import json
import time
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import events, passkeys, secondfactors, unlocking
from accounts.confirming import ConfirmForm, confirmed
from accounts.door import ReaderRequest
from accounts.models import Passkey, SecurityEvent
from accounts.passkeys import Site
from accounts.secondfactorforms import CredentialForm, NewPasskeyForm, PasskeyNameForm

Kind = SecurityEvent.Kind

_MAKING = "passkey"
_LASTS = 300  # seconds from the password to the passkey


@dataclass(frozen=True, slots=True)
class Making:
    """A passkey that is about to be made: the password was given, the challenge waits for its answer."""

    label: str
    until: float
    challenge: str


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def add_passkey(request: ReaderRequest) -> HttpResponse:
    """Step 1: its name, and the password."""
    _site(request)
    form = NewPasskeyForm(request.POST or None)
    if request.method == "POST" and confirmed(request, form):
        _keep(request, Making(form.cleaned_data["label"], time.time() + _LASTS, passkeys.new_challenge()))
        return redirect("accounts:make_passkey")
    context = {"setting": "security", "form": form}
    return render(request, "accounts/passkey_add.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def make_passkey(request: ReaderRequest) -> HttpResponse:
    """Step 2: what the browser made is kept. The challenge is good once, a new try has a new one."""
    site, making = _site(request), _kept(request)
    if making is None:
        messages.warning(request, _("That took too long. Give the password once more."))
        return redirect("accounts:add_passkey")
    problem = ""
    if request.method == "POST":
        unlocking.forget(request, _MAKING)
        if _added(request, site, making):
            return redirect("accounts:security")
        making = Making(making.label, making.until, passkeys.new_challenge())
        _keep(request, making)
        problem = _("This passkey was not taken: it is here already, or its answer came too late. Try again.")
    options = passkeys.options_to_make(site, request.vault, request.user.username, making.challenge)
    context = {"setting": "security", "label": making.label, "options": options, "problem": problem}
    return render(request, "accounts/passkey_make.html", context, status=422 if problem else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rename_passkey(request: ReaderRequest, pk: int) -> HttpResponse:
    """Call it otherwise."""
    row = get_object_or_404(Passkey.objects.for_user(request.user), pk=pk)
    form = PasskeyNameForm(
        request.POST or None, initial={"label": secondfactors.label_of(request.vault, row)}
    )
    if request.method == "POST" and form.is_valid():
        passkeys.rename(request.vault, row, form.cleaned_data["label"])
        return redirect("accounts:security")
    context = {"setting": "security", "form": form, "pk": pk}
    return render(request, "accounts/passkey_rename.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def remove_passkey(request: ReaderRequest, pk: int) -> HttpResponse:
    """The authenticator stays: there is always a second factor."""
    row = get_object_or_404(Passkey.objects.for_user(request.user), pk=pk)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and confirmed(request, form):
        row.delete()
        events.record(request.user.pk, Kind.PASSKEY_REMOVED, request)
        messages.success(request, _("The passkey is removed: it lets nobody in any more."))
        return redirect("accounts:security")
    label = secondfactors.label_of(request.vault, row)
    context = {"setting": "security", "form": form, "pk": pk, "label": label}
    return render(request, "accounts/passkey_remove.html", context, status=422 if form.errors else 200)


def _added(request: ReaderRequest, site: Site, making: Making) -> bool:
    form = CredentialForm(request.POST)
    if not form.is_valid():
        return False
    sent = form.cleaned_data["credential"]
    try:
        passkeys.add(site, request.vault, making.challenge, sent, making.label)
    except passkeys.Refused:
        return False
    events.record(request.user.pk, Kind.PASSKEY_ADDED, request)
    messages.success(request, _("The passkey is added. From now on it can take the place of the code."))
    return True


def _site(request: HttpRequest) -> Site:
    site = passkeys.site_of(request)
    if site is None:
        raise Http404
    return site


def _keep(request: ReaderRequest, making: Making) -> None:
    text = json.dumps([making.label, making.until, making.challenge])
    unlocking.keep(request, request.reader_session, _MAKING, text)


def _kept(request: ReaderRequest) -> Making | None:
    text = unlocking.kept(request, request.reader_session, _MAKING)
    making = Making(*json.loads(text)) if text else None
    return making if making and making.until > time.time() else None
