"""The reader's page "What this server can read"."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import backgroundsync
from accounts.door import ReaderRequest
from mailhelper.privacy import everyday


@never_cache
@require_safe
def privacy(request: ReaderRequest) -> HttpResponse:
    """Made from what the models declare of themselves."""
    lent = backgroundsync.lent(request.user.pk, request.reader_session)
    groups, kept = everyday.plain(), everyday.protected()
    context = {
        "setting": "privacy",
        "lent": lent,
        "groups": groups,
        "kept": dict(kept),
        "command": "bin/manage privacy_check --live",
        "plain": sum(group.columns for group in groups),
    }
    return render(request, "privacy.html", context)
