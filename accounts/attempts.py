"""Failures at the door, and how long one must wait after them. django-axes keeps the count.

Five failures lock a user name out for a quarter of an hour, for the IP address that they came from:
passwords, codes, recovery keys, all together. Failures from wherever count for the user name as well: from
the twentieth in an hour on, the next try waits, longer each time, minutes at most. A browser that its reader
has signed in with does not: a stranger can slow others down, and never shuts anybody out.

The names of readers stand in axes' tables as they are; those of nobody as keyed digests, because people type
passwords into the wrong field. Of the request axes gets the IP address (of IPv6 the /64) and the factor.
"""

import hmac
import math
import os
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt, AccessFailureLog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Max
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext

from accounts import events, kdf, knowndevices
from accounts.ipaddresses import counted_ip_of
from accounts.models import SecurityEvent, User

Factor = Literal["password", "second-factor", "recovery", "unlock", "confirm"]

COUNTED_FOR = timedelta(hours=1)
FREE = 20  # failures of one user name in that time, from wherever
_FIRST_WAIT, _LONGEST_WAIT = 5, 300  # seconds; doubled with each failure in between

_NOBODY = 2**63 - 1
_KEPT = 255  # characters of axes' columns


@dataclass(frozen=True, slots=True)
class _Who:
    """Whose attempt it is: the name and the bare request that axes counts by."""

    user: User | None
    name: str
    bare: HttpRequest

    @property
    def credentials(self) -> dict[str, str]:
        return {settings.AXES_USERNAME_FORM_FIELD: self.name}

    @property
    def ip_address(self) -> str:
        return str(self.bare.META["REMOTE_ADDR"])


def wait_of(request: HttpRequest, username: str) -> int:
    """Seconds that must pass before this user name may be tried from this IP address; 0 if none.

    To be asked before anything is derived from what was typed.
    """
    who = _who(request, username)
    return max(_wait_of_pair(who), _wait_of_name(who, request))


def failed(request: HttpRequest, username: str, factor: Factor) -> None:
    """A factor was wrong: count it, and note it among the reader's security events.

    Nothing is counted while locked out, so that it ends by itself. The work is the same for unknown names.
    """
    who = _who(request, username, factor)
    kind = SecurityEvent.Kind.RECOVERY_FAILED if factor == "recovery" else SecurityEvent.Kind.SIGN_IN_FAILED
    try:
        _fail(who, kind, request)
    except IntegrityError:  # a success elsewhere dropped the row while axes looked at it: now there is none
        _fail(who, kind, request)


def pretend(request: HttpRequest) -> None:
    """The work of `failed` for who must wait anyway: nothing is counted, and time does not tell."""
    who = _Who(None, f"?{os.urandom(16).hex()}", _bare(request, ""))
    with transaction.atomic():
        AxesProxyHandler.is_locked(who.bare, who.credentials)
        _count(who, SecurityEvent.Kind.SIGN_IN_FAILED, request)
        transaction.set_rollback(True)


def passed(request: HttpRequest, username: str) -> None:
    """Everything that was asked for was right: this user name begins anew from this IP address."""
    who = _who(request, username)
    AxesProxyHandler.update_request(who.bare)
    AxesProxyHandler.get_implementation().reset_user_attempts(who.bare, who.credentials)
    AccessFailureLog.objects.filter(username=who.name, ip_address=who.ip_address).delete()


def refusal(seconds: int) -> str:
    """What one is told who must wait."""
    if seconds < 60:
        return ngettext(
            "Too many tries. Nothing was changed. Try again in {n} second.",
            "Too many tries. Nothing was changed. Try again in {n} seconds.",
            seconds,
        ).format(n=seconds)
    minutes = math.ceil(seconds / 60)
    return ngettext(
        "Too many tries. Nothing was changed. Try again in {n} minute.",
        "Too many tries. Nothing was changed. Try again in {n} minutes.",
        minutes,
    ).format(n=minutes)


def locked_until(attempt: AccessAttempt) -> datetime | None:
    """When a count stops to lock out; None where it does not."""
    until: datetime = attempt.attempt_time + settings.AXES_COOLOFF_TIME
    locks = attempt.failures_since_start >= settings.AXES_FAILURE_LIMIT and until > timezone.now()
    return until if locks else None


def lift(name: str) -> None:
    """Forget all failures of a name, as it stands in the rows."""
    AccessAttempt.objects.filter(username=name).delete()
    AccessFailureLog.objects.filter(username=name).delete()


def prune() -> int:
    """Drop what counts no more. Returns how many rows."""
    now = timezone.now()
    attempts, _ = AccessAttempt.objects.filter(attempt_time__lte=now - settings.AXES_COOLOFF_TIME).delete()
    failures, _ = AccessFailureLog.objects.filter(attempt_time__lte=now - COUNTED_FOR).delete()
    return int(attempts + failures)


def _who(request: HttpRequest, username: str, factor: str = "") -> _Who:
    # Neither is text to PostgreSQL.
    text = username[:_KEPT].replace("\0", "").encode("utf-8", "replace").decode()
    normal = unicodedata.normalize("NFKC", text)
    user = User.objects.filter(username__iexact=normal).first()
    # No user name has a question mark in it.
    name = user.username.casefold()[:_KEPT] if user else f"?{_digest(normal.casefold())}"
    return _Who(user, name, _bare(request, factor))


def _bare(request: HttpRequest, factor: str) -> HttpRequest:
    """All that axes may know: it stores what it is given, and would the whole form."""
    bare = HttpRequest()
    bare.META = {
        "REMOTE_ADDR": counted_ip_of(request),
        "PATH_INFO": factor,
        "HTTP_USER_AGENT": "",
        "HTTP_ACCEPT": "",
    }
    return bare


def _digest(name: str) -> str:
    key = kdf.derive(settings.SECRET_KEY.encode(), "attempts")
    return hmac.digest(key, name.encode(), "sha256").hex()[:32]


@transaction.atomic
def _fail(who: _Who, kind: SecurityEvent.Kind, request: HttpRequest) -> None:
    if not AxesProxyHandler.is_locked(who.bare, who.credentials):
        _count(who, kind, request)


def _count(who: _Who, kind: SecurityEvent.Kind, request: HttpRequest) -> None:
    AxesProxyHandler.user_login_failed("accounts.attempts", who.credentials, who.bare)
    # Exactly: of failures at the same moment one is the fifth, their row is locked until the commit.
    if who.bare.axes_failures_since_start == settings.AXES_FAILURE_LIMIT:  # type: ignore[attr-defined]
        _note(who, SecurityEvent.Kind.LOCKED_OUT, request)
    _note(who, kind, request)


def _wait_of_pair(who: _Who) -> int:
    attempt = AccessAttempt.objects.filter(username=who.name, ip_address=who.ip_address).first()
    until = locked_until(attempt) if attempt else None
    return _seconds_until(until) if until else 0


def _wait_of_name(who: _Who, request: HttpRequest) -> int:
    recent = AccessFailureLog.objects.filter(
        username=who.name, attempt_time__gt=timezone.now() - COUNTED_FOR
    ).aggregate(count=Count("pk"), last=Max("attempt_time"))
    known = knowndevices.knows(request, who.user.pk if who.user else _NOBODY)
    over = recent["count"] - FREE
    if known or over < 0:
        return 0
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(over, 10))
    return _seconds_until(recent["last"] + timedelta(seconds=wait))


def _seconds_until(moment: datetime) -> int:
    return max(0, math.ceil((moment - timezone.now()).total_seconds()))


def _note(who: _Who, kind: SecurityEvent.Kind, request: HttpRequest) -> None:
    if who.user:
        events.record(who.user.pk, kind, request)
    else:
        events.pretend(request)
