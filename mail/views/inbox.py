"""Lists of mail, newest first."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.door import ReaderRequest
from mail import lists, reading
from mail.lists import Filters
from mail.reading import COUNT_TO, Mailboxes
from mail.views.boxes import boxes
from mail.views.rows import Row, colour_of, rows
from mail.views.runs import lines


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the matrix, for mail/_cell_words.html. A level is None where a row or column is meant."""

    urgency: int | None
    importance: int | None

    @property
    def colour(self) -> str:
        """Of a cell; a row or a column has none."""
        return colour_of(self.urgency, self.importance) if self.urgency and self.importance else ""


@dataclass(frozen=True, slots=True)
class ListPage:
    """See mail/_rows.html."""

    rows: list[Row]
    older_url: str
    newer_url: str


@never_cache
@require_safe
def inbox(request: ReaderRequest) -> HttpResponse:
    """Inboxes of all accounts, or what the filters name. htmx is given the next rows alone."""
    filters, found = lists.read_filters(request.GET), boxes(request)
    _check(filters, found)
    emails = reading.listed(request.vault.owner, found, filters)
    page = lists.page(emails, lists.read_cursor(request.GET))
    shown: dict[str, Any] = {"page": _page(request, page, filters, found), "keep": filters.query()}
    if request.headers.get("HX-Request"):
        return render(request, "mail/_rows.html", shown)
    return render(request, "mail/inbox.html", {**shown, **_around(request, filters, found)})


def title_of(filters: Filters, found: Mailboxes) -> str:
    """What a list is called; empty for the inbox of all accounts."""
    folder, account = found.folder(filters.folder), found.account(filters.account)
    if folder:
        return folder.name
    return account.name if account else ""


def url_of(filters: Filters, **more: str) -> str:
    """Where a list is."""
    query = filters.query(**more)
    return reverse("inbox") + (f"?{query}" if query else "")


def _check(filters: Filters, found: Mailboxes) -> None:
    """Raises Http404 for an account or a folder that the reader does not have."""
    folder = found.folder(filters.folder)
    if filters.account is not None and found.account(filters.account) is None:
        raise Http404
    if filters.folder is not None and (folder is None or filters.account not in (None, folder.account)):
        raise Http404


def _page(request: ReaderRequest, page: lists.Page, filters: Filters, found: Mailboxes) -> ListPage:
    heads = reading.open_heads(request.vault, page.emails)
    mixed = filters.account is None and filters.folder is None and len(found.accounts) > 1
    return ListPage(
        rows=rows(page.emails, heads, found, mixed=mixed),
        older_url=url_of(filters, before=page.older) if page.older else "",
        newer_url=url_of(filters, after=page.newer) if page.newer else "",
    )


def _around(request: ReaderRequest, filters: Filters, found: Mailboxes) -> dict[str, Any]:
    owner = request.vault.owner
    folder = found.folder(filters.folder)
    account = found.account(filters.account if folder is None else folder.account)
    unread = replace(filters, unread=True)
    return {
        "title": title_of(filters, found),
        "open": _count(reading.listed(owner, found, replace(filters, unread=False))),
        "unread": _count(reading.listed(owner, found, unread)),
        "accounts": found.accounts,
        "folders": account.folders if account else (),
        "filters": {
            "account": account.pk if account else None,
            "folder": filters.folder,
            "unread": filters.unread,
            "cell": Place(filters.urgency, filters.importance) if filters.by_cell else None,
            "all_url": url_of(replace(filters, unread=False)),
            "unread_url": url_of(unread),
            "without_cell_url": url_of(filters.without_cell()),
        },
        "runs": [line for line in lines(found, filters.account) if line.first],
        "has_accounts": bool(found.accounts),
    }


def _count(emails: Any) -> dict[str, Any]:
    """A count, and whether there are more: no page counts a hundred thousand rows."""
    count = reading.count_up_to(emails)
    return {"n": min(count, COUNT_TO), "more": count > COUNT_TO}
