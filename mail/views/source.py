"""A mail as the server gave it, as a file."""

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.door import ReaderRequest
from mail.views.opened import file, raw_or_404


@never_cache
@require_safe
def source(request: ReaderRequest, pk: int) -> HttpResponse:
    """The raw message. Its name says nothing of its content: downloads are listed in many places."""
    return file(raw_or_404(request, pk), f"mail-{pk}.eml")
