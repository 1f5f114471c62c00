"""Sign-up in four steps, by a link that works once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import authenticator, backupcodes, events, invitations, keyring, signup, unlocking
from accounts.door import ReaderRequest, enrolling, visitor
from accounts.forms import CodeForm, RecoveryKeyForm, SignUpForm
from accounts.invitations import State
from accounts.language import zone_of
from accounts.limits import limited
from accounts.models import Authenticator, BackupCode, Identity, SecurityEvent
from accounts.ownership import acting_as
from accounts.signup import Choice, RecoveryKey
from accounts.views.going import insecure, refuse_insecure
from accounts.waiting import Waiting

_CODES, _KEY = "backup-codes", "recovery-key"


@visitor
@never_cache
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
@limited("sign-up", "3/m")
def sign_up(request: HttpRequest, token: str) -> HttpResponse:
    """Step 1: user name and password. The same link again starts over."""
    found = invitations.look_up(token)
    if found.state is not State.OPEN or found.invitation is None:
        return _invalid(request, found.state)
    if insecure(request):
        return refuse_insecure(request)
    form = SignUpForm(request.POST or None, invitation=found.invitation)
    if request.method == "POST" and form.is_valid():
        try:
            user, key = signup.begin(found.invitation, _choice(form))
        except signup.NameTaken:
            form.add_error("username", _("This user name is taken."))
        except signup.InvitationGone:
            return _invalid(request, invitations.look_up(token).state)
        else:
            unlocking.wait(request, Waiting(user, key), unlocking.WAITS_AT_SIGN_UP)
            return redirect("accounts:sign_up_authenticator")
    context = {"form": form, "operator": found.invitation.operator}
    return render(request, "accounts/sign_up_password.html", context, status=422 if form.errors else 200)


@visitor
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("second-factor", "5/m")
def sign_up_authenticator(request: HttpRequest) -> HttpResponse:
    """Step 2: pair an authenticator; its first code makes the reader one, and opens the vault."""
    waiting = unlocking.waiting(request)
    if waiting is None or not signup.enrolling(waiting.user):
        messages.warning(
            request, _("Sign-up waited too long, or a cookie was missing. Open the invitation again.")
        )
        return redirect("accounts:sign_in")
    device = authenticator.device_of(waiting.user, confirmed=False)
    if device is None:
        return _invalid(request, State.UNKNOWN)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        checked = authenticator.check(device, form.cleaned_data["code"], pairing=True)
        if checked.ok:
            return _complete(request, waiting, device)
        form.add_error(None, authenticator.refusal(checked))
    context = {
        "form": form,
        "qr": authenticator.pairing_picture(device),
        "secret_groups": authenticator.secret_groups(device),
    }
    return render(request, "accounts/sign_up_authenticator.html", context, status=422 if form.errors else 200)


@enrolling
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up_codes(request: ReaderRequest) -> HttpResponse:
    """Step 3: ten backup codes, shown until they are confirmed and never again."""
    if _enrolled(request):
        return redirect("accounts:list")
    shown = unlocking.kept(request, request.reader_session, _CODES)
    if shown and not backupcodes.are_current(request.user.pk, shown.split()):
        shown = None
    if request.method == "POST" and shown:
        unlocking.forget(request, _CODES)
        return redirect("accounts:sign_up_key")
    if not shown:
        shown = " ".join(backupcodes.issue(request.user.pk))
        unlocking.keep(request, request.reader_session, _CODES, shown)
    return render(request, "accounts/sign_up_codes.html", {"codes": shown.split()})


@enrolling
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up_key(request: ReaderRequest) -> HttpResponse:
    """Step 4: the recovery key; two of its groups, typed from the copy, end sign-up."""
    if _enrolled(request):
        return redirect("accounts:list")
    if not _codes_confirmed(request):
        return redirect("accounts:sign_up_codes")
    key = _recovery_key(request)
    form = RecoveryKeyForm(request.POST or None, key=key)
    if request.method == "POST" and form.is_valid():
        unlocking.forget(request, _KEY)
        signup.finish(request.user.pk)
        messages.success(request, _("Welcome. Connect the first mailbox now."))
        return redirect("accounts:list")
    context = {"form": form, "groups": key.groups, "text": key.text}
    return render(request, "accounts/sign_up_key.html", context, status=422 if form.errors else 200)


def _invalid(request: HttpRequest, state: State) -> HttpResponse:
    status = 404 if state is State.UNKNOWN else 410
    return render(request, "accounts/sign_up_invalid.html", {"reason": state.value}, status=status)


def _choice(form: SignUpForm) -> Choice:
    return Choice(
        username=form.cleaned_data["username"],
        password=form.cleaned_data["password"],
        language=get_language() or "en",
        time_zone=zone_of(form.cleaned_data["time_zone"] or "UTC").key,
    )


def _complete(request: HttpRequest, waiting: Waiting, device: Authenticator) -> HttpResponse:
    user = waiting.user
    with acting_as(user):
        vault = keyring.unlock(Identity.objects.for_user(user).get(), waiting.key)
    try:
        signup.complete(user, device)
    except signup.InvitationGone:
        return _invalid(request, State.USED)
    unlocking.sign_in(request, user, vault, device)
    events.record(user.pk, SecurityEvent.Kind.SIGNED_UP, request)
    return redirect("accounts:sign_up_codes")


def _enrolled(request: ReaderRequest) -> bool:
    return Identity.objects.for_user(request.user).filter(enrolled_at__isnull=False).exists()


def _codes_confirmed(request: ReaderRequest) -> bool:
    shown = unlocking.kept(request, request.reader_session, _CODES)
    return shown is None and BackupCode.objects.for_user(request.user).exists()


def _recovery_key(request: ReaderRequest) -> RecoveryKey:
    dumped = unlocking.kept(request, request.reader_session, _KEY)
    shown = RecoveryKey.load(dumped) if dumped else None
    if shown and signup.is_current(request.vault, shown):
        return shown
    key = signup.issue_recovery_key(request.vault)
    unlocking.keep(request, request.reader_session, _KEY, key.dump())
    return key
