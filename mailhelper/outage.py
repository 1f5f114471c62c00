"""A database that is down is a plain page that says so, not a traceback; so are too many sign-ins at once."""

import logging
from collections.abc import Callable

from django.contrib.sessions import middleware
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from psycopg_pool import PoolTimeout

from accounts.kdf import Busy

logger = logging.getLogger(__name__)


def is_outage(exception: BaseException | None) -> bool:
    """Whether it, or what it was raised from, says that the database does not answer: sessions hide it."""
    while exception is not None:
        if isinstance(exception, OperationalError | InterfaceError | PoolTimeout):
            return True
        exception = exception.__cause__ or exception.__context__
    return False


def unavailable() -> HttpResponse:
    """503, without any context: nothing that could ask the database again."""
    page = render_to_string("503.html")
    return HttpResponse(page, status=503, headers={"Retry-After": "30", "Cache-Control": "no-store"})


def busy() -> HttpResponse:
    """503 for who waited for a derivation in vain."""
    page = render_to_string("busy.html")
    return HttpResponse(page, status=503, headers={"Retry-After": "5", "Cache-Control": "no-store"})


class OutageMiddleware:
    """An exception of a view. Those of other middleware, sessions among them, come to `handler500`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Say that the database is down, or that many sign in, if that is it."""
        if isinstance(exception, Busy):
            logger.warning("Derivations wait too long: too many sign-ins at once")
            return busy()
        if not is_outage(exception):
            return None
        logger.error("The database does not answer (%s)", type(exception).__name__)
        return unavailable()


class SessionMiddleware(middleware.SessionMiddleware):
    """Django takes any failure to save a session for one that was deleted meanwhile, and answers 400."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save the session; or say that the database is down, if that is it."""
        try:
            return super().process_response(request, response)
        except SessionInterrupted as interruption:
            if not is_outage(interruption):
                raise
            logger.error("The database does not answer: a session was not saved")
            return unavailable()
