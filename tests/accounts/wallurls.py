"""Views that try the wall: each is an ordinary reader's view but for what its name says."""

from django.db import connection
from django.http import Http404, HttpResponse, JsonResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import include, path

from accounts.door import ReaderRequest, short_transactions
from accounts.models import SecurityEvent
from accounts.ownership import acting_as
from mail.models import Folder

KIND = SecurityEvent.Kind.EXPORTED


def everybody(request: ReaderRequest) -> HttpResponse:
    """Raw SQL that forgot whose rows it wants."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT owner_id FROM accounts_identity")
        return JsonResponse({"owners": [row[0] for row in cursor.fetchall()]})


def fails(request: ReaderRequest) -> HttpResponse:
    SecurityEvent.objects.for_user(request.user).create(owner=request.user, kind=KIND)
    raise RuntimeError


def is_missing(request: ReaderRequest) -> HttpResponse:
    SecurityEvent.objects.for_user(request.user).create(owner=request.user, kind=KIND)
    raise Http404


def breaks_the_transaction(request: ReaderRequest) -> HttpResponse:
    SecurityEvent.objects.for_user(request.user).create(owner=request.user, kind=KIND)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    return HttpResponse()


def refuses(request: ReaderRequest) -> HttpResponse:
    """A form with a mistake is an answer like others: what was noted down stays."""
    SecurityEvent.objects.for_user(request.user).create(owner=request.user, kind=KIND)
    return HttpResponse(status=422)


def lazy(request: ReaderRequest) -> HttpResponse:
    """Rendered after the view has returned."""
    template = engines["django"].from_string("{{ folders.count }}")
    return TemplateResponse(request, template, {"folders": Folder.objects.for_user(request.user)})


@short_transactions
def short(request: ReaderRequest) -> HttpResponse:
    before = connection.in_atomic_block
    with acting_as(request.user):
        mine = Folder.objects.for_user(request.user).count()
    return JsonResponse({"open": before, "mine": mine})


@short_transactions
def forgetful(request: ReaderRequest) -> HttpResponse:
    return HttpResponse(str(Folder.objects.for_user(request.user).count()))


urlpatterns = [
    path("everybody/", everybody),
    path("fails/", fails),
    path("is-missing/", is_missing),
    path("breaks/", breaks_the_transaction),
    path("refuses/", refuses),
    path("lazy/", lazy),
    path("short/", short),
    path("forgetful/", forgetful),
    path("", include("mailhelper.urls")),
]
handler500 = "mailhelper.errors.server_error"
