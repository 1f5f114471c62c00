"""What asks mail servers and DNS while the reader waits: looking for servers, and testing them.

No transaction is open meanwhile.
"""

from dataclasses import replace

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import autoconfig, findings, foundtexts, mailboxes, servers, smtp
from accounts.connections import Tested, test_connection
from accounts.door import ReaderRequest, short_transactions
from accounts.findings import Finding
from accounts.limits import limited
from accounts.mailboxforms import AddressForm, MailAccountForm, initial_found
from accounts.models import MailAccount
from accounts.oauth import ways
from accounts.oauth.tokens import TokenFailed
from accounts.ownership import acting_as
from accounts.views.mail_accounts import edit_form, form_page, keep_typed, mine


@short_transactions
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("test-connection", "10/m")
def find(request: ReaderRequest) -> HttpResponse:
    """The first step of adding: the form, filled with what is found for the mail address."""
    if request.method != "POST":
        return redirect("accounts:add")
    form = AddressForm(request.POST)
    if not form.is_valid():
        with acting_as(request.user):
            context = {"form": form, "ways": ways.for_new()}
            return render(request, "accounts/account_add.html", context, status=422)
    address = form.cleaned_data["address"]
    allowed = settings.ALLOWED_MAIL_NETWORKS
    if "by_hand" in request.POST:
        initial = {"address": address, "username": address}
        return form_page(request, MailAccountForm(allowed=allowed, initial=initial))
    found = autoconfig.find(address, allowed=allowed)
    filled = MailAccountForm(allowed=allowed, initial=initial_found(found, address))
    offered = ways.for_provider(found.preset.oauth if found.preset else "")
    return form_page(request, filled, found=foundtexts.of(found), ways=offered)


@short_transactions
@never_cache
@sensitive_post_parameters("password", "smtp_password")
@require_http_methods(["GET", "HEAD", "POST"])
@limited("test-connection", "10/m")
def test(request: ReaderRequest) -> HttpResponse:
    """Try what the form says, and tell what was found. Nothing is stored, and no mail is sent."""
    if request.method != "POST":
        return redirect("accounts:list")
    row = stored = None
    with acting_as(request.user):
        if request.POST.get("account"):
            row = mine(request, _number(request.POST["account"]))
            stored = mailboxes.read(request.vault, row)
            form = edit_form(request, row, stored)
        else:
            form = MailAccountForm(request.POST, allowed=settings.ALLOWED_MAIL_NETWORKS)
        form.fields["mail_here"].disabled = True  # not the matter here
        form.mails = 0
        valid = form.is_valid()
    finding = _try(request, form, row) if valid else _gaps(form)
    if request.headers.get("HX-Request"):
        with acting_as(request.user):
            return render(request, "accounts/_test_result.html", {"test": finding})
    keep_typed(form)
    return form_page(request, form, row=row, stored=stored, test=finding if valid else None)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)


def _gaps(form: MailAccountForm) -> Finding:
    wrong = [f"{form.fields[name].label}: {errors[0]}" for name, errors in form.errors.items()]
    return Finding(False, " ".join(str(line) for line in wrong))


def _try(request: ReaderRequest, form: MailAccountForm, row: MailAccount | None) -> Finding:
    details, allowed = form.details(), settings.ALLOWED_MAIL_NETWORKS
    try:
        imap, sending = servers.of(request.vault, details, row)
    except TokenFailed as failed:
        return findings.of(Tested(failed.code), details.security)
    finding = findings.of(test_connection(imap, allowed=allowed), details.security)
    if sending is None or not finding.ok:
        return finding
    tested = smtp.test_smtp(sending, allowed=allowed)
    return replace(finding, sending=findings.of_sending(tested, sending.security))
