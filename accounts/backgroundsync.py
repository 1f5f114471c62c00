"""Background sync as pages show it: the choices in words, what is lent now, and that it ends soon."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import durations, grants
from accounts.models import Grant, MailAccount, ReaderSession

Until = Grant.Until

TOLD_BEFORE = timedelta(days=3)

#: In the session: the id of the grant of whose end its reader wants to hear no more before the next sign-in.
LATER = "background_later"

#: What each choice is called.
TERMS: dict[Grant.Until, Any] = {
    Until.SIGNED_OUT: gettext_lazy("Only while I am signed in"),
    Until.FIRST_SYNC: gettext_lazy("Until the first sync is done"),
    Until.WEEK: gettext_lazy("For 7 days"),
    Until.MONTH: gettext_lazy("For 30 days"),
    Until.REVOKED: gettext_lazy("Until I revoke it"),
}
_LASTING = (Until.WEEK, Until.MONTH, Until.REVOKED)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the terms, for the form."""

    value: str
    text: str
    hint: str
    checked: bool


@dataclass(frozen=True, slots=True)
class Lent:
    """A grant that is alive: see templates/accounts/background_sync.html."""

    text: str
    since: str
    ends: str
    used: str
    here: bool


@dataclass(frozen=True, slots=True)
class EndsSoon:
    """What was lent for days ends in fewer than TOLD_BEFORE: `grant` is its id, `when` names the day."""

    grant: int
    when: str


def offered(owner: int) -> list[Grant.Until]:
    """The terms that make sense now."""
    first = [Until.FIRST_SYNC] if first_sync_waits(owner) else []
    return [Until.SIGNED_OUT, *first, *_LASTING]


def first_sync_waits(owner: int) -> bool:
    """Whether an account is there that was never synced whole, and is not held up."""
    mine = MailAccount.objects.for_user(owner)
    return mine.filter(first_synced_at=None, state=MailAccount.State.ACTIVE).exists()


def choices(owner: int) -> list[Choice]:
    """What is offered, each with what it means for the time when the reader is away."""
    longest = grants.live(owner).first()
    chosen, hints = (longest.until if longest else Until.SIGNED_OUT), _hints()
    return [Choice(until, str(TERMS[until]), hints[until], until == chosen) for until in offered(owner)]


def lent(owner: int, session: ReaderSession) -> list[Lent]:
    """What is lent now, the longest first."""
    return [_lent(grant, session) for grant in grants.live(owner)]


def ends_soon(owner: int) -> EndsSoon | None:
    """Told where nothing that lasts longer is lent."""
    grant = grants.live(owner).filter(until__in=_LASTING).first()
    if grant is None or grant.expires_at is None or grant.expires_at > timezone.now() + TOLD_BEFORE:
        return None
    return EndsSoon(grant.pk, durations.day(grant.expires_at))


def _hints() -> dict[Grant.Until, str]:
    minutes = int(settings.VAULT_IDLE.total_seconds()) // 60
    meanwhile = _(
        "New mail is fetched and sorted while you are away. Ends by itself; you are told three days before."
    )
    return {
        Until.SIGNED_OUT: _(
            "Ends at sign-out, at the lock, or {minutes} minutes after your last act. While you are away the "
            "server has no key of yours and fetches nothing."
        ).format(minutes=minutes),
        Until.FIRST_SYNC: _(
            "Fetches what is there now, also after you have left. Ends with the last account that is new "
            "here, after 12 hours at most."
        ),
        Until.WEEK: meanwhile,
        Until.MONTH: meanwhile,
        Until.REVOKED: _(
            "New mail is fetched and sorted while you are away, for as long as you like. Nothing ends it but "
            "you: stop it here, or change the password."
        ),
    }


def _lent(grant: Grant, session: ReaderSession) -> Lent:
    return Lent(
        text=str(TERMS[Until(grant.until)]),
        since=durations.moment(grant.made_at),
        ends=durations.moment(grant.expires_at) if grant.expires_at else "",
        used=durations.ago(grant.last_used_at) if grant.last_used_at else "",
        here=grant.session_id == session.pk,
    )
