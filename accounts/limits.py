"""How often one may ask: django-ratelimit counts in Valkey, per reader or IP address, in fixed windows.

    @limited("sign-in", "5/m")

The cache holds keyed digests, neither names nor IP addresses. Where it does not answer everybody passes:
failures are counted in the database all the same (`accounts.attempts`).
"""

import hmac
import logging
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from accounts import attempts, kdf
from accounts.ipaddresses import counted_ip_of

View = Callable[..., HttpResponseBase]
By = Callable[[HttpRequest], str]

logger = logging.getLogger(__name__)

_told = threading.Event()  # of the cache that does not answer


def person(request: HttpRequest) -> str:
    """The reader, or a visitor's IP address."""
    user = request.user.pk if request.user.is_authenticated else None
    return f"user {user}" if user else f"address {counted_ip_of(request)}"


def row(request: HttpRequest) -> str:
    """The reader and what the URL names."""
    named = request.resolver_match.kwargs if request.resolver_match else {}
    return f"{person(request)} {sorted(named.items())}"


def limited(name: str, rate: str, by: By = person) -> Callable[[View], View]:
    """Let a view be posted to at `rate` ("5/m", "2/h") and no more often; views of one name share a count.

    What is too much answers 429 and says when to come back.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            wait = _count(request, name, rate, by(request)) if request.method == "POST" else 0
            return too_often(request, wait) if wait else view(request, *args, **kwargs)

        return asked

    return decorate


def too_often(request: HttpRequest, seconds: int) -> HttpResponse:
    """429, as a page; for htmx in the page's own place for what is told."""
    sentence = attempts.refusal(seconds)
    if request.headers.get("HX-Request"):
        messages.warning(request, sentence)
        response = render(request, "_messages.html", status=429)
        response.headers["HX-Retarget"] = ".notices"
        response.headers["HX-Reswap"] = "outerHTML show:window:top"
    else:
        response = render(request, "429.html", {"sentence": sentence}, status=429)
    response.headers["Retry-After"] = str(seconds)
    response.headers["Cache-Control"] = "no-store"
    return response


def _count(request: HttpRequest, name: str, rate: str, whom: str) -> int:
    """Count one; seconds to wait where it is too much, else 0."""
    digest = _digest(f"{name} {whom}")
    try:
        usage = get_usage(
            request, group=name, key=lambda *_: digest, rate=rate, method="POST", increment=True
        )
    except (RedisError, OSError) as error:
        _tell(error)
        return 0
    _told.clear()
    # Its last second still belongs to the window.
    return usage["time_left"] + 1 if usage and usage["should_limit"] else 0


def _digest(text: str) -> str:
    key = kdf.derive(settings.SECRET_KEY.encode(), "limits")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _tell(error: Exception) -> None:
    """Once, until it answers again."""
    if not _told.is_set():
        _told.set()
        logger.warning("Valkey does not answer (%s): how often one asks is not limited", type(error).__name__)
