"""What Django calls this application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from accounts.signals import sync_wanted


class MailConfig(AppConfig):
    """Folders, mail, the sync engine."""

    name = "mail"
    verbose_name = _("Mail")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen for readers who want an account synced."""
        from mail import schedule  # noqa: PLC0415  (models are not there any earlier)

        sync_wanted.connect(schedule.wanted, dispatch_uid="mail.schedule.wanted")
