"""Pages speak the reader's language and show the reader's time; before sign-in, what the browser asks for."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

COOKIE = "language"


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name, UTC where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


class LanguageMiddleware:
    """Sets both for the time of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the reader's language."""
        with translation.override(_language(request)), timezone.override(_zone(request)):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", _language(request))
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


def _language(request: HttpRequest) -> str:
    chosen = request.user.language if request.user.is_authenticated else request.COOKIES.get(COOKIE, "")
    return chosen if chosen in dict(settings.LANGUAGES) else translation.get_language_from_request(request)


def _zone(request: HttpRequest) -> ZoneInfo:
    return zone_of(request.user.time_zone if request.user.is_authenticated else "UTC")
