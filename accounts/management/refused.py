"""Commands of Django that would make a reader without keys, or a password that does not open them."""

import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError


class RefusedCommand(BaseCommand):
    """Whatever its arguments: one line that says why, and how instead."""

    hint = ""

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        """Refuse before the arguments are read."""
        sys.stderr.write(f"{self.hint}\n")
        sys.exit(1)

    def handle(self, *args: Any, **options: Any) -> NoReturn:
        """Refuse callers from code too."""
        raise CommandError(self.hint)
