"""The page of leaving: take everything along, bring it in, delete everything here."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import deleting, events, transfers
from accounts.confirming import ConfirmForm, confirmed
from accounts.door import ReaderRequest, quiet, short_transactions
from accounts.limits import limited
from accounts.models import MailAccount, SecurityEvent, Transfer
from accounts.oauth import renewing
from accounts.ownership import acting_as
from mailhelper.errors import csrf_failure
from mailhelper.leaving import exporting, texts
from mailhelper.leaving.forms import DeleteForm
from mailhelper.leaving.importing import Import
from mailhelper.leaving.opened import OpenVault
from mailhelper.leaving.upload import Sealing

Kind = SecurityEvent.Kind

_GIVEN_BACK = 5  # providers are asked while the reader waits


@never_cache
@require_safe
def leaving(request: ReaderRequest) -> HttpResponse:
    """What there is to do, and what is under way."""
    return _page(request, ConfirmForm(prefix="export"))


@quiet
@never_cache
@require_safe
def progress(request: ReaderRequest) -> HttpResponse:
    """What is under way, as a page that stands open asks for it."""
    return render(request, "leaving/_running.html", {"running": _running(request.user.pk)})


@short_transactions
@never_cache
@sensitive_post_parameters("export-password")
@require_POST
@limited("export", "2/h")
def export(request: ReaderRequest) -> HttpResponseBase:
    """The archive, as a download. The password is asked: it leaves in clear."""
    form = ConfirmForm(request.POST, prefix="export")
    if not confirmed(request, form):
        return _page(request, form)
    work = exporting.begin(request.user.pk)
    if work is None:
        form.add_error(None, _("Another export is under way. It goes on; this one was not begun."))
        return _page(request, form)
    events.record(request.user.pk, Kind.EXPORTED, request)
    opened = OpenVault(request.vault, request.reader_session)
    name = exporting.folder_name(work.started_at)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.zip"',
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # nginx would keep parts of it in files
    }
    pieces = exporting.stream(work, opened, texts.readme())
    return StreamingHttpResponse(pieces, content_type="application/zip", headers=headers)


@csrf_exempt  # the token is looked at below: reading it reads the upload, so its handler must stand before
@short_transactions
@never_cache
@require_POST
@limited("import", "6/h")
def bring_in(request: ReaderRequest) -> HttpResponseBase:
    """An export, sealed as it streams in. Forms of other sites end before a byte is read."""
    if not _is_from_here(request):
        return csrf_failure(request)
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    work = transfers.claim(request.user.pk, Transfer.Kind.IMPORT, total=length)
    opened = OpenVault(request.vault, request.reader_session)
    under_way = Import(work, opened) if work else None
    request.upload_handlers = [Sealing(request, under_way)]
    try:
        return _bring_in(request, under_way)
    finally:
        if work and under_way:
            under_way.close()
            transfers.finish(work, "interrupted")  # nothing, where it was finished before


@never_cache
@short_transactions
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: ReaderRequest) -> HttpResponse:
    """The end of a reader: from here on nothing opens, and nobody is signed in."""
    form = DeleteForm(request.POST or None, username=request.user.username)
    if request.method == "POST" and confirmed(request, form):
        with acting_as(request.user):
            for row in MailAccount.objects.for_user(request.user)[:_GIVEN_BACK]:
                renewing.give_back(request.vault, row)
            work = deleting.begin_user(request.user.pk)
        deleting.queue(work.pk)
        logout(request)
        request.half_to_set = b""  # type: ignore[attr-defined]
        return render(request, "leaving/deleted.html")
    with acting_as(request.user):
        context = {"setting": "leaving", "form": form}
        return render(request, "leaving/delete.html", context, status=422 if form.errors else 200)


@csrf_protect
def _bring_in(request: ReaderRequest, under_way: Import | None) -> HttpResponse:
    """Parsing the form brings everything in."""
    _parsed = request.POST
    handler: Any = request.upload_handlers[0]
    if under_way is None or handler.error:
        messages.error(request, str(texts.ERRORS[handler.error if under_way else "busy"]))
    else:
        transfers.finish(under_way.work)
        events.record(request.user.pk, Kind.IMPORTED, request)
        messages.success(request, texts.result(under_way.counts))
    return redirect("leaving")


def _is_from_here(request: HttpRequest) -> bool:
    """By the Origin that browsers send along with every form."""
    origin = request.headers.get("Origin", "")
    ours = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    return bool(urlsplit(origin).netloc) and origin in ours


def _page(request: ReaderRequest, form: ConfirmForm) -> HttpResponse:
    with acting_as(request.user):
        context = {"setting": "leaving", "form": form, "running": _running(request.user.pk)}
        return render(request, "leaving/leaving.html", context, status=422 if form.errors else 200)


def _running(owner: int) -> list[dict[str, Any]]:
    """See templates/leaving/_running.html."""
    return [
        {
            "kind": work.kind,
            "done": work.done,
            "total": max(work.total, work.done, 1),
            "percent": min(100, 100 * work.done // max(work.total, 1)),
        }
        for work in transfers.running(owner)
    ]
