"""Django admin for operators: two factors, everybody's state, nobody's mail. Nothing sealed is ever shown.

The door middleware asks for a signed-in reader with an open vault before; here operators are told apart.
"""

from typing import Any, NoReturn

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.ownership import acting_as_operator


class OperatorsSite(AdminSite):
    """Everybody's rows, read in the name of an operator."""

    site_title = site_header = _("Mail Helper operations")
    index_title = _("Operations")
    login_template = None
    enable_nav_sidebar = False

    #: Others register themselves too: one-time-password devices would show their secrets here.
    _APPS = frozenset({"accounts", "axes", "mail", "django_celery_beat", "django_celery_results"})

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take in what belongs here; leave out the rest."""
        models: list[Any] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        )
        welcome = [model for model in models if model._meta.app_label in self._APPS]
        super().register(welcome, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """An operator who passed both factors."""
        user: Any = request.user
        return bool(user.is_active and user.is_staff and user.is_verified())

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Each page, rendered before the operator's context closes."""
        inner = super().admin_view(view, cacheable)

        def operate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                raise PermissionDenied
            with acting_as_operator("admin"):
                response = inner(request, *args, **kwargs)
                return response.render() if isinstance(response, SimpleTemplateResponse) else response

        return operate

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> NoReturn:
        """Refused: a password that is set here would not open the operator's keys."""
        raise PermissionDenied

    def password_change_done(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> NoReturn:
        """Refused like the form before it."""
        raise PermissionDenied

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> NoReturn:
        """Refused: signing out is noted, and takes back what was lent. The reader's own button does that."""
        raise PermissionDenied

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The door is elsewhere: an ordinary reader is refused here."""
        return HttpResponse(status=403)
