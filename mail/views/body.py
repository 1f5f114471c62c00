"""A mail's HTML as a document of its own, for the sandboxed frame: nothing in it runs, loads or leaves.

Four walls, each enough by itself against most: the sanitiser, the frame's sandbox, the same sandbox in the
policy of this answer (for who opens it outside of the frame), and that it loads nothing but `data:` images.
"""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.door import ReaderRequest, quiet
from mail.mime.parse import parse
from mail.views.opened import layout, raw_or_404

_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; base-uri 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@quiet
@never_cache
@require_safe
@xframe_options_sameorigin
def body(request: ReaderRequest, pk: int) -> HttpResponse:
    """The sanitised HTML; a sentence where there is none."""
    raw = raw_or_404(request, pk)
    clean = layout(parse(raw), raw).clean
    response = render(request, "mail/body.html", {"html": clean.html if clean else ""})
    for name, value in _HEADERS.items():
        response.headers[name] = value
    return response
