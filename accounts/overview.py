"""The reader's mail accounts as the pages show them: names opened, states in words."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import backgroundsync, deleting, durations, errortexts, grants
from accounts.keyring import Vault
from accounts.mailboxes import DELETING, ELSEWHERE
from accounts.models import Grant, MailAccount
from accounts.oauth import ways
from accounts.oauth.providers import NAMES
from accounts.oauth.ways import Ways
from accounts.progress import Run, progress

#: The code of an account that asks whether much mail may go: it is no failure.
ASKS_GONE = "many-gone"
_QUEUED_LASTS = timedelta(minutes=2)
_COUNTED = 100_000  # counting so many takes 25 ms, and a page that stands open asks every two seconds


@dataclass(frozen=True, slots=True)
class Deletion:
    """An account that is being deleted: how many of its mails went."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Card:
    """A mail account: see templates/accounts/_account.html."""

    pk: int
    name: str
    address: str
    state: str
    problem: str
    retry: str
    asks_gone: int
    run: Run | None
    last: str
    next: str
    mails: int
    mails_text: str
    ways: Ways
    deleting: Deletion | None = None


@dataclass(frozen=True, slots=True)
class Background:
    """What is lent to the workers: see templates/accounts/accounts.html."""

    until: str = ""
    text: str = ""
    expires: str = ""
    soon: str = ""


def cards(vault: Vault) -> list[Card]:
    """All of the reader's accounts, the oldest first."""
    lent = grants.live(vault.owner).exists()
    rows = MailAccount.objects.for_user(vault.owner).order_by("pk")
    return [_card(vault, row, lent) for row in rows]


def card(vault: Vault, row: MailAccount) -> Card:
    """One of them."""
    return _card(vault, row, grants.live(vault.owner).exists())


def run_of(vault: Vault, row: MailAccount, lent: bool) -> Run | None:
    """What runs for an account now, or is about to."""
    if not lent or row.state != MailAccount.State.ACTIVE:
        return None
    found: Any = row.runs.filter(finished_at=None).first()
    if found is None and not _about_to_run(row):
        return None
    name, first = vault.open_text(row, "name"), row.first_synced_at is None
    return progress(found, name, first=first) if found else Run(row.pk, name, first)


def background(owner: int) -> Background:
    """The live grant that lasts longest."""
    grant = grants.live(owner).first()
    if grant is None:
        return Background()
    ends = grant.expires_at if grant.until != Grant.Until.SIGNED_OUT else None
    soon = backgroundsync.ends_soon(owner)
    return Background(
        until=grant.until,
        text=str(backgroundsync.TERMS[Grant.Until(grant.until)]),
        expires=durations.moment(ends) if ends else "",
        soon=soon.when if soon else "",
    )


def _card(vault: Vault, row: MailAccount, lent: bool) -> Card:
    asks = row.error == ASKS_GONE
    failing = bool(row.error) and not asks and row.error != DELETING
    waiting = row.state == MailAccount.State.ACTIVE and not lent
    mails = row.emails.order_by()[: _COUNTED + 1].count()
    return Card(
        pk=row.pk,
        name=vault.open_text(row, "name"),
        address=vault.open_text(row, "address"),
        state="waiting" if waiting else row.state,
        problem=errortexts.text_of(row.error, NAMES.get(row.auth, "")) if failing else "",
        retry=_when(row, lent) if failing else "",
        asks_gone=_gone(row) if asks else 0,
        run=run_of(vault, row, lent),
        last=_last(row),
        next=_when(row, lent),
        mails=mails,
        mails_text=_many(mails),
        ways=ways.for_row(vault, row) if row.state == MailAccount.State.ATTENTION else Ways(),
        deleting=_deletion(row) if row.error == DELETING else None,
    )


def _deletion(row: MailAccount) -> Deletion:
    work = deleting.progress_of(row)
    return Deletion(work.done, work.total) if work else Deletion(0, 0)


def _about_to_run(row: MailAccount) -> bool:
    """Due or queued: the page shows it at once, not only when a worker took it."""
    now = timezone.now()
    queued = row.queued_at is not None and row.queued_at > now - _QUEUED_LASTS
    return queued or (row.next_sync_at is not None and row.next_sync_at <= now)


def _when(row: MailAccount, lent: bool) -> str:
    planned = lent and row.state == MailAccount.State.ACTIVE and row.next_sync_at
    return durations.ahead(planned) if planned else ""


def _many(mails: int) -> str:
    """A number of mails, counted up to a bound."""
    text = str(number_format(min(mails, _COUNTED), force_grouping=True))
    return text if mails <= _COUNTED else _("more than {n}").format(n=text)


def _gone(row: MailAccount) -> int:
    """How many mails the account asks about: marked ones, and those that the last run would not believe."""
    last: Any = row.runs.exclude(finished_at=None).order_by("-finished_at").first()
    away = Q(missing_since__isnull=False) | Q(uidvalidity=ELSEWHERE)
    return row.emails.filter(away).count() + (last.doubted if last else 0)


def _last(row: MailAccount) -> str:
    run: Any = row.runs.exclude(finished_at=None).order_by("-started_at").first()
    if run is None:
        return ""
    return _("{when}: {what}").format(when=durations.ago(run.finished_at), what=_result(run))


def _result(run: Any) -> str:
    if run.error and run.error != ASKS_GONE:
        return _("not completed")
    parts = [
        ngettext("{n} new", "{n} new", run.stored).format(n=run.stored) if run.stored else "",
        ngettext("{n} changed", "{n} changed", run.changed).format(n=run.changed) if run.changed else "",
        ngettext("{n} removed", "{n} removed", run.dropped).format(n=run.dropped) if run.dropped else "",
    ]
    return ", ".join(filter(None, parts)) or _("nothing new")
