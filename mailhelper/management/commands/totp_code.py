"""`bin/manage totp_code NAME`: the present one-time code, in the demo only."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import authenticator
from accounts.models import User


class Command(BaseCommand):
    help = "Prints a reader's present one-time code. Works only while bin/run shows the demo mailbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="user name, such as demo")
        parser.add_argument("--json", action="store_true", help="print code and seconds as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("One-time codes are printed only while bin/run shows the demo mailbox.")
        user = User.objects.filter(username__iexact=options["name"]).first()
        device = authenticator.device_of(user) if user else None
        if device is None:
            raise CommandError(f"No reader {options['name']!r} with an authenticator.")
        code, seconds = authenticator.code_of(device)
        if options["json"]:
            self.stdout.write(json.dumps({"code": code, "seconds": seconds}))
        else:
            self.stdout.write(f"{code} (for {seconds} s)")
