"""What operators see of our own rows: state, counts and times. Protected columns are never shown."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import grants
from accounts.fields import ProtectedField
from accounts.models import Invitation, MailAccount, ReaderSession, User
from mail.models import SyncRun

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # generic for the type checker only
    ModelAdmin = admin.ModelAdmin


class StateAdmin(ModelAdmin):
    """Rows to look at: nothing to add, change or delete."""

    actions = None
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Everybody's rows, the newest first."""
        manager = getattr(self.model, "unscoped", self.model._default_manager)
        rows: QuerySet[Any] = manager.order_by("-pk")
        return rows

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All columns but the protected ones and the login hash."""
        fields = self.model._meta.fields
        return [f.name for f in fields if not isinstance(f, ProtectedField) and f.name != "password"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All of them."""
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows of state are made by the product."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And changed by it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And deleted by their owners."""
        return False


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


@admin.register(Invitation)
class InvitationAdmin(StateAdmin):
    """Who was invited when; for whom it was is not shown."""

    list_display = ("pk", "operator", "made_at", "expires_at", "used_at", "user")
