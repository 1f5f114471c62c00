"""The language of the pages."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.door import visitor
from accounts.language import COOKIE
from accounts.models import User
from accounts.views.going import next_of

_A_YEAR = 365 * 24 * 3600


@visitor
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the choice, with the reader and in a cookie. What is not offered changes nothing."""
    chosen = request.POST.get("language", "")
    response = redirect(next_of(request) or "/")
    if chosen not in dict(settings.LANGUAGES):
        return response
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    response.set_cookie(COOKIE, chosen, max_age=_A_YEAR, secure=True, httponly=True, samesite="Lax")
    return response
