"""What Django calls this application, and the one that counts failures at the door."""

import axes.apps
from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Users, keys, mail accounts."""

    name = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from accounts import checks  # noqa: F401, PLC0415  (models are not there any earlier)


class AttemptsConfig(axes.apps.AppConfig):  # type: ignore[misc]
    """django-axes, deaf to Django's signals: they would hand it whole requests, and it stores what is posted,
    recovery keys, codes and new passwords among it. `accounts.attempts` tells it what it must know."""

    verbose_name = _("Lockouts")

    def ready(self) -> None:
        """Its receivers are connected by importing them."""
        super().ready()
        from axes import signals  # noqa: PLC0415  (models are not there any earlier)

        user_login_failed.disconnect(signals.handle_user_login_failed)
        user_logged_in.disconnect(signals.handle_user_logged_in)
        user_logged_out.disconnect(signals.handle_user_logged_out)
