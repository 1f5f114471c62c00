"""Where a request may go, and whether its cookies will come back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})


def next_of(request: HttpRequest) -> str:
    """The page to go back to: a path of our own, or ""."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    local = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    # Browsers drop tabs and line ends from a link: what stands on both sides of one may name a host.
    return target if local and target.isprintable() else ""


def with_next(name: str, target: str) -> str:
    """The path of a page that leads on to another one afterwards, if one is given."""
    return reverse(name) + ("?" + urlencode({"next": target}) if target else "")


def insecure(request: HttpRequest) -> bool:
    """Plain HTTP from another machine: browsers keep no Secure cookie, so nobody can sign in."""
    host = request.get_host()
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return not request.is_secure() and name not in _THIS_MACHINE


def refuse_insecure(request: HttpRequest) -> HttpResponse:
    """Say that TLS is needed."""
    return render(request, "accounts/sign_in.html", {"insecure": True}, status=403)
