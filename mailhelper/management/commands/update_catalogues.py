"""Bring locale/ up to date with the code, before new strings are translated."""

from typing import Any

from django.core.management.base import BaseCommand

from mailhelper import wording


class Command(BaseCommand):
    """New strings come in empty, unused ones go; English is filled from the code."""

    help = "Collect the strings of code and templates into locale/*/LC_MESSAGES/django.po."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a language."""
        for language in wording.update_all():
            catalogue = wording.read(language)
            empty = sum(not message.string for message in catalogue if message.id)
            self.stdout.write(f"{language}: {len(catalogue)} strings, {empty} to translate")
