"""What Django calls this application."""

from django.apps import AppConfig


class TagsConfig(AppConfig):
    """See the package's files."""

    name = "tags"
    default_auto_field = "django.db.models.BigAutoField"
