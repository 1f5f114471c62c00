"""One mail: its head, why it stands where it stands, and its text, HTML or source."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.door import ReaderRequest
from mail import lists, reading
from mail.heads import Head
from mail.lists import Cursor, Filters, read_filters
from mail.mime.parse import parse
from mail.mime.parsed import Parsed
from mail.mime.sanitise import Clean
from mail.models import Email, Folder
from mail.reading import Damaged, Mailboxes
from mail.views import text, words
from mail.views.boxes import boxes
from mail.views.inbox import title_of, url_of
from mail.views.opened import Layout, find, layout
from mail.views.rows import colour, deadline_of
from mail.views.why import why

VIEWS = ("text", "html", "source")
MAX_SOURCE = 200_000
"""So many bytes of a source are shown."""


@never_cache
@require_safe
def show(request: ReaderRequest, pk: int) -> HttpResponse:
    """`?view=text|html|source`, and the filters of the list that it was opened from."""
    view, filters = _view(request), read_filters(request.GET)
    email, found = find(request, pk), boxes(request)
    head = reading.open_heads(request.vault, [email])[email.pk]
    context = {
        "mail": _mail(email, head, found),
        "why": why(email, head) if head and _is_judged(email, found) else None,
        **_content(request, email, view),
        **_way(request, email, filters, found),
    }
    return render(request, "mail/mail.html", context)


@dataclass(frozen=True, slots=True)
class Blocked:
    """What the HTML would have loaded: mail/_blocked.html. Trackers are told apart from images."""

    images: int
    trackers: int
    hosts: tuple[str, ...]


def _view(request: ReaderRequest) -> str:
    view = request.GET.get("view", "")
    if view and view not in VIEWS:
        raise BadRequest("no such view")
    return view


def _is_judged(email: Email, found: Mailboxes) -> bool:
    folder = found.folder(email.folder_id)
    return email.spam or bool(colour(email, folder.role if folder else ""))


def _mail(email: Email, head: Head | None, found: Mailboxes) -> dict[str, Any]:
    """See mail/mail.html. Without a head only the row is known."""
    account, folder = found.account(email.account_id), found.folder(email.folder_id)
    role = folder.role if folder else ""
    return {
        "pk": email.pk,
        "state": email.state,
        "opens": head is not None,
        "spam": email.spam,
        "colour": colour(email, role),
        "has_attachments": email.has_attachments,
        "has_invitation": email.has_invitation,
        "answered": email.answered,
        "flagged": email.flagged,
        "size": email.size,
        "received_words": words.in_full(email.received_at, timezone.now()),
        "via": account.name if account else "",
        "account": email.account_id,
        "folder": folder.name if folder else "",
        **(_letterhead(email, head, role, account.address if account else "") if head else {}),
    }


def _letterhead(email: Email, head: Head, role: str, address: str) -> dict[str, Any]:
    now = timezone.now()
    deadline = deadline_of(email, head, role, now)
    return {
        "subject": head.subject,
        "sender_name": head.sender.name,
        "sender_address": head.sender.email,
        "to": head.to,
        "cc": head.cc,
        "reply_to": [one for one in head.reply_to if one.email != head.sender.email],
        "to_me": any(one.email.lower() == address.lower() for one in (*head.to, *head.cc)),
        "sent": head.date,
        "sent_words": words.in_full(head.date, now) if head.date else "",
        "deadline": words.due_in_words(deadline, now) if deadline and deadline >= now else "",
        "overdue": deadline is not None and deadline < now,
        "pressing": deadline is not None and words.is_pressing(deadline, now),
        "attachments": [part for part in head.attachments if not part.inline],
    }


def _content(request: ReaderRequest, email: Email, view: str) -> dict[str, Any]:
    """The part under the tabs."""
    if email.state == Email.State.CUT:
        return {"view": ""}
    try:
        raw = reading.open_message(request.vault, email)
    except Damaged:
        return {"view": "", "damaged": True}
    if email.state == Email.State.OPAQUE or view == "source":
        return {**_source(raw), "has_html": view == "source" and bool(parse(raw).html)}
    parsed = parse(raw)
    laid_out = layout(parsed, raw)
    has_html = laid_out.clean is not None
    if laid_out.clean and view != "text":
        return {"view": "html", "has_html": has_html, "blocked": _blocked(laid_out.clean)}
    return {**_text(parsed, laid_out), "has_html": has_html}


def _source(raw: bytes) -> dict[str, Any]:
    shown = raw[:MAX_SOURCE].decode("utf-8", "replace").replace("\0", "\N{SYMBOL FOR NULL}")
    return {"view": "source", "source": shown, "source_cut": len(raw) > MAX_SOURCE}


def _text(parsed: Parsed, laid_out: Layout) -> dict[str, Any]:
    return {
        "view": "text",
        "text": text.as_html(parsed.text) if parsed.text.strip() else "",
        "text_cut": len(parsed.text) > text.MAX_SHOWN,
        "html_refused": laid_out.refused,
    }


def _blocked(clean: Clean) -> Blocked | None:
    if not clean.remote_images:
        return None
    trackers = min(clean.trackers, clean.remote_images)
    return Blocked(clean.remote_images - trackers, trackers, clean.hosts)


def _way(request: ReaderRequest, email: Email, filters: Filters, found: Mailboxes) -> dict[str, Any]:
    """The list that this mail was opened from, or its own folder's, and its neighbours there."""
    came_from = _list_of(email, filters, found)
    emails = reading.listed(request.vault.owner, found, came_from)
    keep = filters.query()
    newer = lists.newer_than(emails, _place(email)).values_list("pk", flat=True).first()
    older = lists.older_than(emails, _place(email)).values_list("pk", flat=True).first()
    return {
        "keep": keep,
        "back": {"url": url_of(came_from), "title": title_of(came_from, found) or gettext("Inbox")},
        "newer_url": _url(newer, keep),
        "older_url": _url(older, keep),
    }


def _list_of(email: Email, filters: Filters, found: Mailboxes) -> Filters:
    folder = found.folder(email.folder_id)
    if filters != Filters() or folder is None or folder.role == Folder.Role.INBOX:
        return filters
    return Filters(account=email.account_id, folder=email.folder_id)


def _place(email: Email) -> Cursor:
    return Cursor(email.received_at, email.pk)


def _url(pk: int | None, keep: str) -> str:
    if pk is None:
        return ""
    return reverse("mail:show", args=[pk]) + (f"?{keep}" if keep else "")
