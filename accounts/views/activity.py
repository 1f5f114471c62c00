"""What happened at the reader's door."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import activity as events
from accounts import devices, durations
from accounts.devices import Device
from accounts.door import ReaderRequest
from accounts.eventtexts import FAILURES, TEXTS
from accounts.keyring import Vault
from accounts.models import SecurityEvent


@dataclass(frozen=True, slots=True)
class Line:
    """An event: see templates/accounts/activity.html."""

    at: str
    text: Any
    failure: bool
    device: Device | None


@never_cache
@require_safe
def activity(request: ReaderRequest) -> HttpResponse:
    """All events, or failures alone."""
    failures = request.GET.get("show") == "failures"
    page = events.page(request.vault.owner, events.read_cursor(request.GET), only_failures=failures)
    context = {
        "setting": "activity",
        "lines": [_line(request.vault, event) for event in page.events],
        "failures": failures,
        "all_url": _url(),
        "failures_url": _url(show="failures"),
        "page": {
            "older_url": _turn(failures, "before", page.older),
            "newer_url": _turn(failures, "after", page.newer),
        },
    }
    return render(request, "accounts/activity.html", context)


def _line(vault: Vault, event: SecurityEvent) -> Line:
    kind = SecurityEvent.Kind(event.kind)
    return Line(
        durations.moment(event.at), TEXTS[kind], kind in FAILURES, devices.opened(vault, event, "detail")
    )


def _turn(failures: bool, name: str, cursor: str) -> str:
    return _url(**({"show": "failures"} if failures else {}), **{name: cursor}) if cursor else ""


def _url(**query: str) -> str:
    return reverse("accounts:activity") + (f"?{urlencode(query)}" if query else "")
