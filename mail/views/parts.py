"""Attachments, as downloads."""

from django.http import Http404, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.door import ReaderRequest
from mail.mime.parts import image_type, part
from mail.views.opened import file, raw_or_404

#: Types that say what they are without being able to do anything; all others are plain bytes.
_HARMLESS = frozenset({"application/pdf", "text/plain", "text/calendar", "text/csv", "application/zip"})


@never_cache
@require_safe
def show_part(request: ReaderRequest, pk: int, index: int) -> HttpResponse:
    """The leaf part at an index, never shown in place."""
    try:
        attachment, content = part(raw_or_404(request, pk), index)
    except LookupError:
        raise Http404 from None
    harmless = attachment.content_type if attachment.content_type in _HARMLESS else ""
    return file(content, attachment.name, harmless or image_type(content) or "application/octet-stream")
