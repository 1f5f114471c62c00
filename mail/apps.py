"""What Django calls this application."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Folders, mail, the sync engine."""

    name = "mail"
    default_auto_field = "django.db.models.BigAutoField"
