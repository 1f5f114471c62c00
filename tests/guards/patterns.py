"""Every URL pattern of the site, and rows to fill its parameters with."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from axes.models import AccessAttempt
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from django_celery_results.models import GroupResult, TaskResult

from accounts import events, invitations
from accounts.door import level_of
from accounts.models import KnownDevice, MailAccount, ReaderSession, SecurityEvent
from mail.models import Email, SyncRun
from tests.conftest import Reader, sign_in
from tests.mail.factories import make_account, make_email
from tests.softkey import make_passkey

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^()]*\)")
_ANCHORS = str.maketrans("", "", "^$")

_ATTACHED = (
    b"From: bob@example.net\nSubject: With a file\nMIME-Version: 1.0\n"
    b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nHello.\n'
    b"--b\nContent-Type: application/pdf\n"
    b'Content-Disposition: attachment; filename="a.pdf"\n\n%PDF\n--b--\n'
)


@dataclass(frozen=True)
class Pattern:
    """One pattern: `route` is its whole text, `view` what answers."""

    route: str
    name: str
    view: Callable[..., Any]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what stands in angle brackets."""
        return tuple(one or other for one, other in _PARAMETER.findall(self.route))

    @property
    def level(self) -> str:
        """Whom the door lets in: "visitor", "signed_in", "enrolling" or "reader"."""
        return level_of(self.view)

    @property
    def of_operators(self) -> bool:
        """Whether it is a page of the admin."""
        return self.route.startswith("admin/")

    def path(self, values: Mapping[str, object]) -> str:
        """The path with these values. Fails where it would lead to another pattern."""
        text = _PARAMETER.sub(lambda found: str(values[found[1] or found[2]]), self.route)
        path = "/" + text.translate(_ANCHORS)
        assert resolve(path).func is self.view, f"{path} does not lead to {self.route}"
        return path


def every_pattern() -> list[Pattern]:
    """All of them, the admin's too."""
    return list(_walk(get_resolver(), "", ""))


def with_rows() -> list[Pattern]:
    """Those that name a row."""
    return [pattern for pattern in every_pattern() if pattern.parameters and pattern.name not in NO_ROW]


#: Parameters that name no row: an invitation's token is tried by its own tests, the others lead to lists.
NO_ROW = {"accounts:sign_up", "admin:app_list", "admin/(?P<url>.*)$"}


def any_values(pattern: Pattern) -> dict[str, object]:
    """Values of the right form for patterns whose rows do not matter."""
    values: dict[str, object] = {
        "pk": 1,
        "index": 1,
        "token": "1.x",
        "app_label": "accounts",
        "url": "nothing",
    }
    return {**values, "object_id": 1, "content_type_id": 1}


def values_for(pattern: Pattern, owner: Reader) -> dict[str, object]:
    """Fresh rows of the owner, or for operators to look at. A pattern without any is a KeyError here."""
    if pattern.of_operators:
        return _of_operators(pattern, owner)
    return ROWS[pattern.route](owner)


def elsewhere(values: dict[str, object]) -> dict[str, object]:
    """The same places with ids that no row has."""
    rows = {name: int(str(values[name])) + 7_000_000 for name in ("pk", "object_id") if name in values}
    return {**values, **rows}


def _email(owner: Reader) -> dict[str, object]:
    return {"pk": _some_email(owner).pk}


def _part(owner: Reader) -> dict[str, object]:
    return {"pk": _some_email(owner).pk, "index": 1}


def _account(owner: Reader) -> dict[str, object]:
    return {"pk": _some_account(owner).pk}


def _session(owner: Reader) -> dict[str, object]:
    sign_in(owner)
    return {"pk": ReaderSession.objects.for_user(owner.user).order_by("pk").last().pk}


def _passkey(owner: Reader) -> dict[str, object]:
    return {"pk": make_passkey(owner).pk}


def _new_browser(owner: Reader) -> dict[str, object]:
    sign_in(owner)
    return {"pk": KnownDevice.objects.for_user(owner.user).order_by("pk").last().pk}


#: What each pattern with a row's id is filled with. A new pattern must be named here.
ROWS: dict[str, Callable[[Reader], dict[str, object]]] = {
    "mail/<int:pk>/": _email,
    "mail/<int:pk>/body/": _email,
    "mail/<int:pk>/parts/<int:index>/": _part,
    "mail/<int:pk>/source/": _email,
    "accounts/<int:pk>/edit/": _account,
    "accounts/<int:pk>/delete/": _account,
    "accounts/<int:pk>/pause/": _account,
    "accounts/<int:pk>/resume/": _account,
    "accounts/<int:pk>/sync/": _account,
    "accounts/<int:pk>/doctor/": _account,
    "accounts/<int:pk>/progress/": _account,
    "settings/security/passkeys/<int:pk>/rename/": _passkey,
    "settings/security/passkeys/<int:pk>/remove/": _passkey,
    "settings/sessions/<int:pk>/end/": _session,
    "settings/browsers/<int:pk>/": _new_browser,
}


def _some_account(owner: Reader) -> MailAccount:
    return make_account(owner).account


def _some_email(owner: Reader) -> Email:
    return make_email(owner, make_account(owner).inbox, _ATTACHED)


def _run(owner: Reader) -> SyncRun:
    account = _some_account(owner)
    return SyncRun.objects.for_user(owner.user).create(owner=owner.user, account=account)


def _periodic(owner: Reader) -> PeriodicTask:
    every = IntervalSchedule.objects.create(every=77, period="seconds")
    return PeriodicTask.objects.create(
        name=f"guard {timezone.now()}", task="none", interval=every, enabled=False
    )


def _solar(owner: Reader) -> SolarSchedule:
    return SolarSchedule.objects.get_or_create(event="sunset", latitude=47, longitude=8)[0]


def _attempt(owner: Reader) -> AccessAttempt:
    """A failure of theirs, as axes has it."""
    where = f"192.0.2.{AccessAttempt.objects.count() + 1}"
    return AccessAttempt.objects.create(
        username=owner.user.username, ip_address=where, failures_since_start=5
    )


def _event(owner: Reader) -> SecurityEvent:
    events.record(owner.pk, SecurityEvent.Kind.SIGNED_IN)
    return SecurityEvent.objects.for_user(owner.user).latest("pk")


#: What the admin's pages of a model are filled with. A new model must be named here.
ADMIN_ROWS: dict[str, Callable[[Reader], Any]] = {
    "accounts/user": lambda owner: owner.user,
    "accounts/mailaccount": _some_account,
    "accounts/invitation": lambda owner: invitations.make("somebody@example.org"),
    "accounts/securityevent": _event,
    "axes/accessattempt": _attempt,
    "mail/syncrun": _run,
    "django_celery_beat/periodictask": _periodic,
    "django_celery_beat/clockedschedule": lambda owner: ClockedSchedule.objects.create(
        clocked_time=timezone.now()
    ),
    "django_celery_beat/crontabschedule": lambda owner: CrontabSchedule.objects.create(minute="7"),
    "django_celery_beat/solarschedule": _solar,
    "django_celery_beat/intervalschedule": lambda owner: IntervalSchedule.objects.create(
        every=78, period="seconds"
    ),
    "django_celery_results/taskresult": lambda owner: TaskResult.objects.get_or_create(task_id="guard")[0],
    "django_celery_results/groupresult": lambda owner: GroupResult.objects.get_or_create(group_id="guard")[0],
}


def _of_operators(pattern: Pattern, owner: Reader) -> dict[str, object]:
    if "content_type_id" in pattern.parameters:
        return {"content_type_id": 1, "object_id": owner.pk}
    model = "/".join(pattern.route.split("/")[1:3])
    return {"object_id": ADMIN_ROWS[model](owner).pk}


def _walk(resolver: URLResolver, before: str, namespace: str) -> Iterator[Pattern]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            name = f"{namespace}{one.name}" if one.name else route
            yield Pattern(route, name, one.callback)
        else:
            inner = f"{namespace}{one.namespace}:" if one.namespace else namespace
            yield from _walk(one, route, inner)
