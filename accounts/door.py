"""Who may pass. Every view is for readers with an open vault unless it says so: a new one fails closed.

A view says so by a decorator: `visitor` (anyone), `signed_in` (the vault may be locked), `enrolling`
(sign-up is not finished). `quiet` marks what is no act of the reader: polling and images do not move the
idle clock.

A reader's view runs inside `acting_as(reader)`, rendering included: the database shows it no other rows, and
what it does is whole or not at all. One that talks to the network, works in batches or streams is marked
`short_transactions` and opens its own around each step: no transaction waits for anybody.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from accounts import knowndevices, unlocking
from accounts.keyring import Vault
from accounts.models import Identity, ReaderSession, User
from accounts.ownership import acting_as

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

_LEVEL, _QUIET, _SHORT = "door_level", "door_quiet", "door_short_transactions"
_PRIVATE_QUERY = "door_private_query"


class ReaderRequest(HttpRequest):
    """What a reader's view is given: both factors passed, the vault is open."""

    user: User
    vault: Vault
    reader_session: ReaderSession


def visitor(view: View) -> View:
    """Anyone may come."""
    return _marked(view, _LEVEL, "visitor")


def signed_in(view: View) -> View:
    """Both factors passed; the vault may be locked."""
    return _marked(view, _LEVEL, "signed_in")


def enrolling(view: View) -> View:
    """The vault is open, and sign-up may be unfinished."""
    return _marked(view, _LEVEL, "enrolling")


def quiet(view: View) -> View:
    """A request of the page, not of the person."""
    return _marked(view, _QUIET, "yes")


def short_transactions(view: View) -> View:
    """The view opens `acting_as` itself, around each step with the database."""
    return _marked(view, _SHORT, "yes")


def private_query(view: View) -> View:
    """What the view's address holds behind the path goes into no other address."""
    return _marked(view, _PRIVATE_QUERY, "yes")


def level_of(view: Any) -> str:
    """Whom a view lets in: "reader" unless it is marked."""
    return str(getattr(view, _LEVEL, "reader"))


class DoorMiddleware:
    """Opens the vault before a reader's view, or sends the visitor to where it can be opened."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and write the cookie's half where one was made."""
        request.reader_session = None  # type: ignore[attr-defined]
        request.in_readers_name = request.view_failed = False  # type: ignore[attr-defined]
        # `process_view` enters the reader's transaction, which lasts until the answer is rendered.
        with ExitStack() as request.acting:  # type: ignore[attr-defined]
            response = self.get_response(request)
            if request.in_readers_name and request.view_failed:  # type: ignore[attr-defined]
                transaction.set_rollback(True)
        if request.reader_session is not None:  # type: ignore[attr-defined]
            add_never_cache_headers(response)  # whatever a view forgot: redirects and errors too
            unlocking.stay_locked(request)
        _write_half(request, response)
        knowndevices.write(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """None lets the view answer."""
        level = level_of(view)
        if level == "visitor":
            return None
        refusal = _pass(request, view, level)
        if refusal is None and not hasattr(view, _SHORT):
            request.acting.enter_context(acting_as(request.user))  # type: ignore[attr-defined]
            request.in_readers_name = True  # type: ignore[attr-defined]
        return refusal

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """What the view began is taken back, once the page that says so is made."""
        request.view_failed = True  # type: ignore[attr-defined]


def _write_half(request: HttpRequest, response: HttpResponseBase) -> None:
    half: bytes | None = getattr(request, "half_to_set", None)
    if half == b"":
        response.delete_cookie(unlocking.COOKIE, path="/", samesite="Lax")
    elif half is not None:
        response.set_cookie(
            unlocking.COOKIE,
            unlocking.cookie_value(half),
            path="/",
            secure=True,
            httponly=True,
            samesite="Lax",
        )


def _pass(request: HttpRequest, view: Any, level: str) -> HttpResponseBase | None:
    if not request.user.is_authenticated:
        return _away(request, "accounts:sign_in")
    with acting_as(request.user):
        return _look(request, view, level)


def _look(request: HttpRequest, view: Any, level: str) -> HttpResponseBase | None:
    row = unlocking.session_of(request)
    if row is None or not request.user.is_verified():  # type: ignore[union-attr]
        return _away(request, "accounts:sign_in")
    request.reader_session = row  # type: ignore[attr-defined]
    vault = unlocking.vault_of(request, row)
    if vault is None:
        return None if level == "signed_in" else _away(request, "accounts:locked")
    request.vault = vault  # type: ignore[attr-defined]
    if level == "reader" and not _enrolled(vault.owner):
        return _away(request, "accounts:sign_up_codes")
    if not hasattr(view, _QUIET):
        unlocking.act(row, vault)
    return None


def _enrolled(owner: int) -> bool:
    return Identity.objects.for_user(owner).filter(enrolled_at__isnull=False).exists()


def _away(request: HttpRequest, name: str) -> HttpResponse:
    """To another page, and back here afterwards. A part of a page takes the whole page along."""
    target = reverse(name)
    if request.method == "GET" and not request.headers.get("HX-Request") and request.path != "/":
        target += "?" + urlencode({"next": _here(request)})
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def _here(request: HttpRequest) -> str:
    found = request.resolver_match
    private = found is not None and hasattr(found.func, _PRIVATE_QUERY)
    return request.path if private else request.get_full_path()


def _marked(view: View, name: str, value: str) -> View:
    setattr(view, name, value)
    return view
