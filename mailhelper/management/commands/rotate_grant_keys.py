"""`bin/manage rotate_grant_keys [--new]`: take an old key of this installation out of use."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import rotating, serverkeys


class Command(BaseCommand):
    help = (
        "Seals everything under the server's keys anew with the first of GRANT_KEYS. With --new, puts a "
        "fresh key first in DATA_DIR/grant_keys; then restart, and run this command without it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--new", action="store_true", help="make a fresh first key, and seal nothing yet")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 where something does not open with any of the keys: it stays as it is."""
        if options["new"]:
            self.stdout.write(add_key(settings.GRANT_KEYS_OWN_FILE))
            return
        rotated = list(rotating.rotate())
        for column in rotated:
            self.stdout.write(f"{column.column}: {column.anew} sealed anew, {column.already} already were")
        closed = sum(column.closed for column in rotated)
        if closed:
            where = ", ".join(f"{column.column} ({column.closed})" for column in rotated if column.closed)
            raise CommandError(f"{closed} values open with none of the keys: {where}. No key may go yet.")
        self.stdout.write(outcome())


def outcome() -> str:
    """Which keys are still needed."""
    first, *old = (key.id for key in settings.GRANT_KEYS)
    if not old:
        return f"Key {first} is the only one."
    listed = ", ".join(str(key) for key in old)
    return (
        f"Everything is sealed with key {first}. Once every process runs with it first, run this again; if "
        f"it seals nothing anew then, these may go: {listed}. Backups that are older need them."
    )


def add_key(path: Path | None) -> str:
    """Put a fresh key first in the product's own file. Raises CommandError where there is none."""
    if path is None:
        raise CommandError(
            "GRANT_KEYS or GRANT_KEYS_FILE is set: put a new key first there by hand, and restart."
        )
    before = path.read_text().strip()
    number = 1 + max(key.id for key in serverkeys.parse_keys(before))
    draft, owner = path.with_name(f"{path.name}.{os.getpid()}"), path.stat()
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{serverkeys.new_keys(number)},{before}\n")
    if os.geteuid() == 0:
        os.chown(draft, owner.st_uid, owner.st_gid)
    draft.replace(path)
    return (
        f"Key {number} stands first in {path}. Restart all processes, then run bin/manage rotate_grant_keys."
    )
