"""The reader's mail accounts: the list, the form, and what is done with one."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import findings, limits, mailboxes, overview
from accounts.connections import test_connection
from accounts.door import ReaderRequest, quiet
from accounts.findings import Finding
from accounts.limits import limited
from accounts.mailboxes import Details
from accounts.mailboxforms import MailAccountForm
from accounts.models import MailAccount

_STOP_POLLING = 286  # htmx takes it as "swap, and ask no more"


@never_cache
@require_safe
def accounts_list(request: ReaderRequest) -> HttpResponse:
    """All accounts with their state, and what is lent to the workers."""
    context = {
        "accounts": overview.cards(request.vault),
        "background": overview.background(request.user.pk),
    }
    return render(request, "accounts/accounts.html", context)


@quiet
@never_cache
@require_safe
def progress(request: ReaderRequest, pk: int) -> HttpResponse:
    """One account's card, as a page that stands open asks for it."""
    card = overview.card(request.vault, _mine(request, pk))
    status = 200 if card.run else _STOP_POLLING
    return render(request, "accounts/_account.html", {"account": card}, status=status)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: ReaderRequest) -> HttpResponse:
    """Connect a mailbox; its first sync begins at once."""
    form = MailAccountForm(request.POST or None, allowed=settings.ALLOWED_MAIL_NETWORKS)
    if request.method == "POST" and form.is_valid():
        mailboxes.add(request.vault, form.details())
        messages.success(request, _("The account was added. Its first sync begins."))
        return redirect("accounts:list")
    return _form_page(request, form)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: ReaderRequest, pk: int) -> HttpResponse:
    """Change it. A stored password stays with the place it was given for."""
    row = _mine(request, pk)
    stored = mailboxes.read(request.vault, row)
    form = _edit_form(request, stored)
    if request.method == "POST" and form.is_valid():
        mailboxes.change(request.vault, row, form.details())
        messages.success(request, _("The changes were saved."))
        return redirect("accounts:list")
    return _form_page(request, form, row=row, stored=stored)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@limited("test-connection", "10/m")
def test(request: ReaderRequest) -> HttpResponse:
    """Try what the form says, and tell what was found. Nothing is stored."""
    if request.method != "POST":
        return redirect("accounts:list")
    row = _mine(request, _number(request.POST["account"])) if request.POST.get("account") else None
    stored = mailboxes.read(request.vault, row) if row else None
    form = MailAccountForm(request.POST, stored=stored, allowed=settings.ALLOWED_MAIL_NETWORKS)
    finding = _try(request, form, row)
    if request.headers.get("HX-Request"):
        return render(request, "accounts/_test_result.html", {"test": finding})
    # The reader typed it a moment ago, and the page is kept nowhere.
    form.fields["password"].widget.render_value = True
    return _form_page(request, form, row=row, stored=stored, test=finding if form.is_valid() else None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: ReaderRequest, pk: int) -> HttpResponse:
    """Ask, then end it."""
    row = _mine(request, pk)
    if request.method == "POST":
        mailboxes.delete(row)
        messages.success(
            request, _("The account and its mail here are gone. Nothing was changed on its server.")
        )
        return redirect("accounts:list")
    return render(request, "accounts/account_delete.html", {"account": overview.card(request.vault, row)})


@require_POST
def pause(request: ReaderRequest, pk: int) -> HttpResponse:
    """Until the reader resumes it."""
    mailboxes.pause(_mine(request, pk))
    return redirect("accounts:list")


@require_POST
def resume(request: ReaderRequest, pk: int) -> HttpResponse:
    """Go on; or answer whether mail that is gone from the server may go here too."""
    row = _mine(request, pk)
    answer = request.POST.get("gone")
    if answer == "accept":
        mailboxes.let_go(row)
    elif answer == "keep":
        mailboxes.keep(row)
    else:
        mailboxes.resume(row)
    return redirect("accounts:list")


@require_POST
@limited("sync-now", "5/m", by=limits.row)
def sync(request: ReaderRequest, pk: int) -> HttpResponse:
    """Now."""
    mailboxes.sync_now(_mine(request, pk))
    return redirect("accounts:list")


def _mine(request: ReaderRequest, pk: int) -> MailAccount:
    row: MailAccount = get_object_or_404(MailAccount.objects.for_user(request.user), pk=pk)
    return row


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)


def _edit_form(request: ReaderRequest, stored: Details) -> MailAccountForm:
    initial = {
        "name": stored.name,
        "address": stored.address,
        "host": stored.host,
        "port": stored.port,
        "security": stored.security,
        "username": stored.username,
        "sync_every": stored.sync_every,
    }
    return MailAccountForm(
        request.POST or None, stored=stored, allowed=settings.ALLOWED_MAIL_NETWORKS, initial=initial
    )


def _try(request: ReaderRequest, form: MailAccountForm, row: MailAccount | None) -> Finding:
    if not form.is_valid():
        wrong = [f"{form.fields[name].label}: {errors[0]}" for name, errors in form.errors.items()]
        return Finding(False, " ".join(str(line) for line in wrong))
    details = form.details()
    password = mailboxes.password_of(request.vault, row) if row and not details.password else ""
    tested = test_connection(details.server(password), allowed=settings.ALLOWED_MAIL_NETWORKS)
    return findings.of(tested, details.security)


def _form_page(
    request: ReaderRequest,
    form: MailAccountForm,
    *,
    row: MailAccount | None = None,
    stored: Details | None = None,
    test: Finding | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "account": {"pk": row.pk, "name": stored.name} if row and stored else None,
        "test": test,
        "allowed_none": bool(settings.ALLOWED_MAIL_NETWORKS),
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "accounts/account_form.html", context, status=status)
