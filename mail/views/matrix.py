"""The first page: open mail in nine cells, the urgent on top, the important on the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.door import ReaderRequest
from accounts.models import MailAccount
from mail import reading
from mail.heads import Head
from mail.lists import Filters, read_filters
from mail.models import Email, Folder
from mail.reading import Mailboxes
from mail.views import words
from mail.views.boxes import boxes
from mail.views.rows import Row, colour_of, deadline_of, rows
from mail.views.runs import lines

SHOWN = 3
LOOKED_AT = 25
"""So many mails of a cell are looked at for their deadlines, which are sealed: no count can find them."""

_INBOX = Folder.Role.INBOX.value


@dataclass(frozen=True, slots=True)
class Cell:
    """See mail/_cell.html."""

    urgency: int
    importance: int
    colour: str
    count: int
    mails: list[Row]
    url: str
    keep: str

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.mails)


@dataclass(frozen=True, slots=True)
class Matrix:
    """See mail/matrix.html."""

    open: int
    pressing: int
    next_deadline: str
    cells: list[Cell]


@never_cache
@require_safe
def matrix(request: ReaderRequest) -> HttpResponse:
    """`?account=ID` shows one account only."""
    filters, found = read_filters(request.GET), boxes(request)
    if filters.account is not None and found.account(filters.account) is None:
        raise Http404
    context = {
        "matrix": _matrix(request, found, filters.account),
        "account": filters.account,
        "accounts": found.accounts,
        "runs": [line for line in lines(found, filters.account) if line.first],
        "troubles": [one for one in found.accounts if one.state == MailAccount.State.ATTENTION],
        "has_accounts": bool(found.accounts),
    }
    return render(request, "mail/matrix.html", context)


def _matrix(request: ReaderRequest, found: Mailboxes, account: int | None) -> Matrix:
    inboxes, now = found.inboxes(account), timezone.now()
    counts = reading.cell_counts(request.vault.owner, inboxes)
    emails = reading.cell_mails(request.vault.owner, inboxes, LOOKED_AT)
    heads = reading.open_heads(request.vault, emails)
    deadlines = _deadlines(emails, heads, now)
    pressing = sum(words.is_pressing(moment, now) for moment in deadlines.values())
    ahead = min((moment for moment in deadlines.values() if moment >= now), default=None)
    first = sorted(emails, key=lambda email: _rank(email, deadlines, now))
    cells = [
        _cell(Filters(account, urgency=u, importance=i), counts, _shown(first, u, i, heads, found))
        for u in (3, 2, 1)
        for i in (1, 2, 3)
    ]
    return Matrix(sum(counts.values()), pressing, words.due_in_words(ahead, now) if ahead else "", cells)


def _deadlines(emails: Sequence[Email], heads: dict[int, Head | None], now: datetime) -> dict[int, datetime]:
    """The deadlines that count, by mail."""
    found = {}
    for email in emails:
        head = heads[email.pk]
        moment = deadline_of(email, head, _INBOX, now) if head else None
        if moment:
            found[email.pk] = moment
    return found


def _rank(email: Email, deadlines: dict[int, datetime], now: datetime) -> tuple[bool, float, float]:
    """What presses comes first, by its deadline; then the newest."""
    moment = deadlines.get(email.pk)
    pressing = moment is not None and words.is_pressing(moment, now)
    return not pressing, moment.timestamp() if moment and pressing else 0.0, -email.received_at.timestamp()


def _shown(
    emails: Sequence[Email], urgency: int, importance: int, heads: dict[int, Head | None], found: Mailboxes
) -> list[Row]:
    mine = [email for email in emails if (email.urgency, email.importance) == (urgency, importance)]
    return rows(mine[:SHOWN], heads, found)


def _cell(filters: Filters, counts: dict[tuple[int, int], int], mails: list[Row]) -> Cell:
    urgency, importance = filters.urgency or 1, filters.importance or 1
    return Cell(
        urgency=urgency,
        importance=importance,
        colour=colour_of(urgency, importance),
        count=counts.get((urgency, importance), 0),
        mails=mails,
        url=f"{reverse('inbox')}?{filters.query()}",
        keep=filters.query(),
    )
