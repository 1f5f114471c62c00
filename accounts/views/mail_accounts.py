"""The reader's mail accounts: the list, the form, and what is done with one."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import deleting, events, limits, mailboxes, overview
from accounts.door import ReaderRequest, quiet, short_transactions
from accounts.findings import Finding
from accounts.limits import limited
from accounts.mailboxes import Details
from accounts.mailboxforms import DELETE, AddressForm, MailAccountForm, initial_of
from accounts.models import MailAccount, SecurityEvent, Transfer
from accounts.oauth import renewing, ways
from accounts.ownership import acting_as

_STOP_POLLING = 286  # htmx takes it as "swap, and ask no more"
_SECONDS = 1.0  # that a request removes rows for by itself


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
    """One account's card, as a page that stands open asks for it. Nothing where it was deleted since."""
    if deleting.was_deleted(request.user.pk, pk):
        return HttpResponse(status=_STOP_POLLING)
    row = get_object_or_404(MailAccount.objects.for_user(request.user), pk=pk)
    card = overview.card(request.vault, row)
    status = 200 if card.run or card.deleting else _STOP_POLLING
    return render(request, "accounts/_account.html", {"account": card}, status=status)


@never_cache
@sensitive_post_parameters("password", "smtp_password")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: ReaderRequest) -> HttpResponse:
    """Connect a mailbox; its first sync begins at once. The first step asks for the mail address only."""
    if request.method != "POST":
        context = {"form": AddressForm(), "ways": ways.for_new()}
        return render(request, "accounts/account_add.html", context)
    form = MailAccountForm(request.POST, allowed=settings.ALLOWED_MAIL_NETWORKS)
    if form.is_valid():
        mailboxes.add(request.vault, form.details())
        messages.success(request, _("The account was added. Its first sync begins."))
        return redirect("accounts:list")
    return form_page(request, form)


@short_transactions
@never_cache
@sensitive_post_parameters("password", "smtp_password")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: ReaderRequest, pk: int) -> HttpResponse:
    """Change it. A stored password stays with the place it was given for."""
    with acting_as(request.user):
        row = mine(request, pk)
        stored = mailboxes.read(request.vault, row)
        form = edit_form(request, row, stored)
        valid = request.method == "POST" and form.is_valid()
        offered = ways.for_row(request.vault, row)
    if valid:
        _change(request, row, stored, form)
        messages.success(request, _("The changes were saved."))
        return redirect("accounts:list")
    if list(form.errors) == ["mail_here"]:
        keep_typed(form)  # one answer is missing
    return form_page(request, form, row=row, stored=stored, ways=offered)


@short_transactions
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: ReaderRequest, pk: int) -> HttpResponse:
    """Ask, then end it."""
    with acting_as(request.user):
        row = mine(request, pk)
        if request.method != "POST":
            context = {"account": overview.card(request.vault, row)}
            return render(request, "accounts/account_delete.html", context)
        work = deleting.begin(row)
        if work:
            renewing.give_back(request.vault, row)
            events.record(request.user.pk, SecurityEvent.Kind.MAIL_ACCOUNT_DELETED, request)
    _tell_deleted(request, work)
    return redirect("accounts:list")


@require_POST
def pause(request: ReaderRequest, pk: int) -> HttpResponse:
    """Until the reader resumes it."""
    mailboxes.pause(mine(request, pk))
    return redirect("accounts:list")


@require_POST
def resume(request: ReaderRequest, pk: int) -> HttpResponse:
    """Go on; or answer whether mail that is gone from the server may go here too."""
    row = mine(request, pk)
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
    mailboxes.sync_now(mine(request, pk))
    return redirect("accounts:list")


def mine(request: ReaderRequest, pk: int) -> MailAccount:
    """The reader's account of this id, or 404. One that is being deleted is not there any more."""
    row: MailAccount = get_object_or_404(mailboxes.living(request.user), pk=pk)
    return row


def edit_form(request: ReaderRequest, row: MailAccount, stored: Details) -> MailAccountForm:
    """The form of an account that is there, filled with what is stored."""
    folders = mailboxes.folder_names(request.vault, row)
    return MailAccountForm(
        request.POST or None,
        stored=stored,
        allowed=settings.ALLOWED_MAIL_NETWORKS,
        folders=folders,
        mails=mailboxes.count(row),
        initial=initial_of(stored, folders_known=bool(folders)),
    )


def keep_typed(form: MailAccountForm) -> None:
    """The reader typed the passwords a moment ago, and the page is kept nowhere."""
    for name in ("password", "smtp_password"):
        form.fields[name].widget.render_value = True


def form_page(
    request: ReaderRequest,
    form: MailAccountForm,
    *,
    row: MailAccount | None = None,
    stored: Details | None = None,
    test: Finding | None = None,
    **more: Any,
) -> HttpResponse:
    """The page of the form; 422 where it is not valid."""
    context: dict[str, Any] = {
        "form": form,
        "account": {"pk": row.pk, "name": stored.name} if row and stored else None,
        "test": test,
        "allowed_none": bool(settings.ALLOWED_MAIL_NETWORKS),
        **more,
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    with acting_as(request.user):
        return render(request, "accounts/account_form.html", context, status=status)


def _tell_deleted(request: ReaderRequest, work: Transfer | None) -> None:
    """Small accounts are gone before the page is there; for large ones a worker goes on."""
    if work is None:
        messages.warning(
            request, _("Another account is being deleted. Nothing was changed. Try again when it is gone.")
        )
    elif deleting.run(work, _SECONDS):
        deleting.queue(work.pk)
        messages.success(
            request,
            _(
                "Nothing of the account can be opened any more. What is left of it is being removed. Nothing "
                "was changed on its server."
            ),
        )
    else:
        messages.success(
            request, _("The account and its mail here are gone. Nothing was changed on its server.")
        )


def _change(request: ReaderRequest, row: MailAccount, stored: Details, form: MailAccountForm) -> None:
    details, values = form.details(), form.cleaned_data
    if values["mail_here"] == DELETE and details.place != stored.place:
        mailboxes.start_over(request.vault, row, details)
    else:
        mailboxes.change(request.vault, row, details)
    if values["drop_left_out"]:
        mailboxes.empty_folders(request.vault, row, set(details.left_out))
