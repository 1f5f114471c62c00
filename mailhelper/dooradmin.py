"""What operators see and do of the door: invitations, lockouts, and how often what happened."""

from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts import attempts, invitations
from accounts.invitations import State
from accounts.models import Invitation, SecurityEvent
from accounts.sealing import CannotOpen
from mailhelper.stateadmin import StateAdmin

_STATES = {
    State.OPEN: _("open"),
    State.USED: _("used"),
    State.EXPIRED: _("expired"),
    State.REVOKED: _("revoked"),
}
_DAYS = 30


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """A new invitation."""

    for_whom = forms.CharField(
        label=_("For whom"),
        max_length=200,
        help_text=_("For operators only. Nothing is sent: you pass the link on yourself."),
    )

    class Meta:
        model = Invitation
        fields = ("operator",)


class StateFilter(admin.SimpleListFilter):
    """What the links are worth now."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """All states that a row can have."""
        return [(state.value, words) for state, words in _STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen one."""
        chosen = [state for state in _STATES if state.value == self.value()]
        return invitations.in_state(queryset, chosen[0]) if chosen else queryset


class InvitationAdmin(StateAdmin):
    """Make them, read their links while they are open, revoke them."""

    form = InvitationForm
    change_form_template = "admin/invitation.html"
    list_display = ("pk", "for_whom", "operator", "state", "made_at", "expires_at", "used_at", "user")
    list_filter = (StateFilter, "operator")
    actions = ("revoke_chosen",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What a new one needs, or all that is known of one."""
        if obj is None:
            return ["for_whom", "operator"]
        times = ["made_at", "expires_at", "used_at", "revoked_at"]
        return ["link", "for_whom", "state", "operator", *times, "user"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """A row that is there is only looked at."""
        return self.get_fields(request, obj) if obj else []

    def get_urls(self) -> list[Any]:
        """With one more."""
        view = self.admin_site.admin_view(require_POST(self.revoke))
        return [
            path("<int:object_id>/revoke/", view, name="accounts_invitation_revoke"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        """Tells the page whether there is something to revoke."""
        row = options.get("obj")
        context["is_open"] = row is not None and invitations.state_of(row) is State.OPEN
        return super().render_change_form(request, context, *args, **options)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Operators invite."""
        return True

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Invitation:
        """It is stored at once: its note is sealed to the row's place."""
        return invitations.make(form.cleaned_data["for_whom"], operator=form.cleaned_data["operator"])

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing is left to do."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """There is nothing related."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """To the page with the link on it."""
        messages.success(request, gettext("The invitation was made. Its link works once, for seven days."))
        return HttpResponseRedirect(_page_of(obj.pk))

    def revoke(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The button on one's page."""
        row = get_object_or_404(Invitation, pk=object_id)
        _tell_revoked(request, invitations.revoke([row.pk]))
        self.log_change(request, row, "revoked")
        return HttpResponseRedirect(_page_of(row.pk))

    @admin.action(description=_("Revoke the chosen invitations"))
    def revoke_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Those of them that are open."""
        _tell_revoked(request, invitations.revoke([row.pk for row in queryset]))

    @admin.display(description=_("state"))
    def state(self, row: Invitation) -> str:
        """In words."""
        return str(_STATES[invitations.state_of(row)])

    @admin.display(description=_("for whom"))
    def for_whom(self, row: Invitation) -> str:
        """What the operator noted; it is sealed under the server's key."""
        try:
            return invitations.note_of(row)
        except CannotOpen:
            return gettext("sealed under a key that is not here")

    @admin.display(description=_("link"))
    def link(self, row: Invitation) -> str:
        """As long as it works."""
        is_open = invitations.state_of(row) is State.OPEN
        return invitations.link_of(row) if is_open else gettext("works no longer")


class LockoutAdmin(StateAdmin):
    """Who failed how often within the last quarter of an hour, and from where."""

    list_display = ("pk", "name", "ip_address", "failures", "since", "ends_at")
    actions = ("lift",)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Under our name for it."""
        return super().changelist_view(request, {"title": gettext("Failures at the door, and lockouts")})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What is counted by; the columns for what browsers post are empty here."""
        return ["name", "ip_address", "failures", "since", "ends_at"]

    @admin.display(description=_("user name"), ordering="username")
    def name(self, row: AccessAttempt) -> str:
        """A reader's; what others typed is not kept."""
        known = not str(row.username).startswith("?")
        return str(row.username) if known else gettext("a name that nobody has")

    @admin.display(description=_("failures"), ordering="failures_since_start")
    def failures(self, row: AccessAttempt) -> int:
        """Those that counted: none does during a lockout."""
        return int(row.failures_since_start)

    @admin.display(description=_("since"), ordering="attempt_time")
    def since(self, row: AccessAttempt) -> datetime:
        """When the last of them came."""
        last: datetime = row.attempt_time
        return last

    @admin.display(description=_("locked out until"))
    def ends_at(self, row: AccessAttempt) -> datetime | None:
        """None where it does not lock out, or no longer."""
        return attempts.locked_until(row)

    @admin.action(description=_("Lift: forget the failures of the chosen user names"))
    def lift(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """From all IP addresses, so that the slower count ends too."""
        names = set(queryset.values_list("username", flat=True))
        for name in names:
            attempts.lift(name)
        told = ngettext(
            "The failures of {n} user name are forgotten.",
            "The failures of {n} user names are forgotten.",
            len(names),
        )
        messages.success(request, told.format(n=len(names)))


class SecurityEventAdmin(StateAdmin):
    """How often what happened on which day. Whose events they are, and their detail, is their readers'."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of counts, never of a row."""
        return obj is None and super().has_view_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The counts, newest day first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        since = timezone.now() - timedelta(days=_DAYS)
        recent = self.get_queryset(request).filter(at__gte=since).order_by()
        days = recent.annotate(day=TruncDate("at")).values("day", "kind").annotate(count=Count("pk"))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Security events by day"),
            "opts": self.opts,
            "days": _DAYS,
            "rows": [
                {**row, "kind": SecurityEvent.Kind(row["kind"]).label}
                for row in days.order_by("-day", "kind")
            ],
        }
        return TemplateResponse(request, "admin/security_events.html", context)


def _page_of(pk: int) -> str:
    return reverse("admin:accounts_invitation_change", args=[pk])


def _tell_revoked(request: HttpRequest, count: int) -> None:
    if not count:
        messages.warning(request, gettext("Nothing was revoked: only open invitations can be."))
        return
    told = ngettext("{n} invitation was revoked.", "{n} invitations were revoked.", count)
    messages.success(request, told.format(n=count))
