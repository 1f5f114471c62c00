"""What all pages of Django admin here have in common: rows to look at, protected columns never shown."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.fields import ProtectedField
from accounts.ownership import everybodys

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # generic for the type checker only
    ModelAdmin = admin.ModelAdmin


class StateAdmin(ModelAdmin):
    """Rows to look at: nothing to add, change or delete."""

    actions: Any = None
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Everybody's rows, the newest first."""
        return everybodys(self.model).order_by("-pk")

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
