"""`bin/manage invite [--operator] ADDRESS`: the way to become a reader."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts import invitations
from accounts.models import User

FIRST_NOTE = "first operator"


class Command(BaseCommand):
    help = "Prints a link that makes one reader, once, within seven days. Nothing is sent to anybody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", nargs="?", metavar="ADDRESS", help="mail address of whom it is for")
        parser.add_argument("--operator", action="store_true", help="make an operator, who may use /admin/")
        parser.add_argument(
            "--first", action="store_true", help="the first operator's link, as long as there is no operator"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["first"]:
            link = first_operator_link()
        else:
            row = invitations.make(_address(options["address"]), operator=options["operator"])
            link = invitations.link_of(row)
        self.stdout.write(json.dumps({"invitation": link}) if options["json"] else link)


def first_operator_link() -> str:
    """The link that makes the first operator: the same until it is used; "" once there is an operator."""
    if User.objects.filter(is_active=True, is_staff=True).exists():
        return ""
    row = invitations.open_for_operators() or invitations.make(FIRST_NOTE, operator=True)
    return invitations.link_of(row)


def _address(text: str | None) -> str:
    if not text:
        raise CommandError("Say for whom: bin/manage invite ADDRESS")
    try:
        validate_email(text)
    except ValidationError:
        raise CommandError(f"{text!r} is no mail address.") from None
    return text
