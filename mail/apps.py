"""What Django calls this application."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """See the package's files."""

    name = "mail"
    default_auto_field = "django.db.models.BigAutoField"
