"""Pages for what went wrong."""

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from mailhelper.outage import is_outage, unavailable

logger = logging.getLogger(__name__)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 where the database does not answer. Asks the database nothing."""
    exception = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
    if exception is not None and is_outage(exception):
        return unavailable()
    return HttpResponse(render_to_string("500.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that is too old, or not ours."""
    return render(request, "403.html", {"csrf": True}, status=403)
