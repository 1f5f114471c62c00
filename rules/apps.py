"""What Django calls this application."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    """See the package's files."""

    name = "rules"
    default_auto_field = "django.db.models.BigAutoField"
