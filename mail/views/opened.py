"""One mail of the reader, found and opened: what the pages around a single mail share."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from accounts.door import ReaderRequest
from mail import reading
from mail.mime import parts, sanitise
from mail.mime.parsed import Parsed
from mail.models import Email
from mail.reading import Damaged

#: For what leaves as a file: a browser that opens it all the same finds nothing to run, load or reach.
FILE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """A mail's HTML: fit to show, or refused because that would cost too much. Neither: there is none."""

    clean: sanitise.Clean | None = None
    refused: bool = False


def find(request: ReaderRequest, pk: int) -> Email:
    """The reader's mail of that id. Raises Http404."""
    return get_object_or_404(Email.objects.for_user(request.user), pk=pk)


def raw_or_404(request: ReaderRequest, pk: int) -> bytes:
    """The source of a mail. Raises Http404 where it does not open: a file has no room for an explanation."""
    try:
        return reading.open_message(request.vault, find(request, pk))
    except Damaged:
        raise Http404 from None


def layout(parsed: Parsed, raw: bytes) -> Layout:
    """The sanitised HTML of a mail, its inline images put in."""
    if not parsed.html.strip():
        return Layout()
    try:
        return Layout(sanitise.sanitise(parsed.html, parts.inline_images(raw)))
    except sanitise.TooComplex:
        return Layout(refused=True)


def file(content: bytes, name: str, content_type: str = "application/octet-stream") -> HttpResponse:
    """A download that nothing opens by itself. `name` is safe (mail.mime.names)."""
    headers: dict[str, Any] = {
        **FILE_HEADERS,
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=name),
    }
    return HttpResponse(content, content_type=content_type, headers=headers)
