"""`manage.py demo_reader --json`: the reader of the demo, for `bin/run`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import authenticator
from accounts.management.commands.invite import first_operator_link
from mailhelper import demoreader


class Command(BaseCommand):
    help = "Makes the demo reader if missing, and prints how to sign in. Works only in the demo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--port", type=int, default=settings.DEMO_IMAP_PORT, help="of the demo mailbox")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("There is a demo reader only while bin/run shows the demo mailbox.")
        try:
            reader = demoreader.ensure(options["port"])
        except demoreader.NotOurs:
            raise CommandError(
                f"Somebody signed up as {demoreader.NAME!r}: start with bin/run --no-demo."
            ) from None
        code, seconds = authenticator.code_of(reader.device)
        found = {
            "user": reader.user.username,
            "password": reader.password,
            "code": code,
            "seconds": seconds,
            "totp_secret": reader.secret,
            "account": reader.account,
            "invitation": first_operator_link(),
        }
        lines = json.dumps(found) if options["json"] else f"{reader.user.username} {reader.password} {code}"
        self.stdout.write(lines)
