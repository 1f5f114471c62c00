"""`manage.py demo_counts --json`: how the demo mailbox stands, for `bin/run --once`."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Sum

from accounts.ownership import acting_as_operator
from mail.models import Email, Folder, SyncRun


class Command(BaseCommand):
    help = "Counts the mails of an account: stored, new since a time, open in each cell of the matrix."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--account", type=int, required=True, metavar="ID")
        parser.add_argument("--since", type=datetime.fromisoformat, required=True, metavar="TIME")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This counts the demo mailbox: it works only while bin/run shows it.")
        with acting_as_operator("counts of the demo mailbox"):
            found = counts(options["account"], options["since"])
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write(f"{found['synced']} mails, {found['new']} new")


def counts(account: int, since: datetime) -> dict[str, Any]:
    """`synced`: mails now stored; `new`: stored by runs since then; `cells`: open mails, "u1i1" to "u3i3"."""
    mails = Email.unscoped.filter(account=account, missing_since=None)
    runs = SyncRun.unscoped.filter(account=account, started_at__gte=since)
    return {
        "synced": mails.count(),
        "new": runs.aggregate(new=Sum("stored"))["new"] or 0,
        "cells": _cells(account),
    }


def _cells(account: int) -> dict[str, int]:
    open_mails = Email.unscoped.filter(
        account=account, folder__role=Folder.Role.INBOX, done_at=None, missing_since=None
    )
    rows = (
        open_mails.values_list("urgency", "importance")
        .annotate(Count("id"))
        .order_by("urgency", "importance")
    )
    return {f"u{urgency}i{importance}": number for urgency, importance, number in rows}
