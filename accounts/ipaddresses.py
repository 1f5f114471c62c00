"""Whose request it is: IP addresses, told by proxies only where the operator believes them."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts import proxies

#: Headers by which a proxy says how the client came to it; the web server and Django take them for the truth.
_SAID_BY_PROXIES = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_PROTOCOL", "HTTP_X_FORWARDED_SSL")


def ip_of(request: HttpRequest) -> str:
    """The client's IP address; "" where nobody knows it."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return settings.TRUSTED_PROXIES.client(_peer(request), forwarded)


def counted_ip_of(request: HttpRequest) -> str:
    """The IP address that this client's attempts are counted by (`proxies.counted`)."""
    return proxies.counted(ip_of(request))


class ForwardedMiddleware:
    """Drops what a stranger says of TLS: only a trusted proxy may call a request of plain HTTP secure."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Before anything asks whether the request is secure."""
        if not settings.TRUSTED_PROXIES.include(_peer(request)):
            _forget(request)
        return self.get_response(request)


def _forget(request: HttpRequest) -> None:
    said = [request.META.pop(name, None) for name in _SAID_BY_PROXIES]
    if any(said):
        request.META["wsgi.url_scheme"] = "http"  # the web server may have believed it already


def _peer(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
