"""What operators see of our own rows: state, counts and times. Protected columns are never shown."""

from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from accounts import grants
from accounts.models import Invitation, MailAccount, ReaderSession, SecurityEvent, User
from mail.models import SyncRun
from mailhelper.dooradmin import InvitationAdmin, LockoutAdmin, SecurityEventAdmin
from mailhelper.stateadmin import StateAdmin


@admin.register(User)
class UserAdmin(StateAdmin):
    """Operators may shut someone out, and make someone an operator. Passwords are their owners' business."""

    list_display = ("username", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All but two."""
        return [name for name in self.get_fields(request) if name not in ("is_active", "is_staff")]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of two fields."""
        return True

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Who is shut out is signed out, and what they lent to the workers ends."""
        obj.is_superuser = obj.is_staff  # there is one kind of operator
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            sessions = ReaderSession.objects.for_user(obj).values("session_id")
            Session.objects.filter(pk__in=sessions).delete()
            grants.stop(obj.pk)


@admin.register(MailAccount)
class MailAccountAdmin(StateAdmin):
    """Whose syncs run, and whose do not."""

    list_display = ("pk", "owner", "state", "error", "failures", "next_sync_at", "first_synced_at")
    list_filter = ("state", "error")


@admin.register(SyncRun)
class SyncRunAdmin(StateAdmin):
    """What syncs did."""

    list_display = ("pk", "account_id", "started_at", "finished_at", "error", "wanted", "stored", "units")
    list_filter = ("error",)


admin.site.register(Invitation, InvitationAdmin)
admin.site.register(AccessAttempt, LockoutAdmin)
admin.site.register(SecurityEvent, SecurityEventAdmin)
