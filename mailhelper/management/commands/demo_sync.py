"""`manage.py demo_sync --account ID`: sync the demo mailbox through the queue, wait, count; for `bin/run`."""

import json
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import MailAccount
from accounts.ownership import acting_as_operator
from mail import reading, schedule
from mail.models import Email, Folder, SyncRun

LOOK_EVERY = 0.1  # seconds


class Command(BaseCommand):
    help = "Queues a sync of the demo mailbox, waits for its end and counts mails. Works only in the demo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", type=int, required=True, metavar="ID")
        parser.add_argument("--since", type=datetime.fromisoformat, default=timezone.now(), metavar="TIME")
        parser.add_argument("--seconds", type=int, default=180, help="wait no longer than that")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This syncs the demo mailbox: it works only while bin/run shows it.")
        with acting_as_operator("sync of the demo mailbox"):
            account = MailAccount.unscoped.filter(pk=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no mail account {options['account']}.")
        began = timezone.now()
        schedule.go_on(account.pk, account.owner_id)
        wait_for_end(account, began, options["seconds"])
        self.stdout.write(json.dumps(counts(account, options["since"])))


def wait_for_end(account: MailAccount, began: datetime, seconds: int) -> None:
    """Wait until a run has ended since `began`. Raises CommandError where it failed or none came."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        runs = SyncRun.objects.for_user(account.owner_id).filter(account=account)
        run = runs.filter(finished_at__gte=began).first()
        if run is not None:
            if run.error:
                raise CommandError(f"The sync of the demo mailbox failed: {run.error}")
            return
        time.sleep(LOOK_EVERY)
    raise CommandError(f"The demo mailbox was not synced within {seconds} seconds.")


def counts(account: MailAccount, since: datetime) -> dict[str, Any]:
    """`synced`: mails now stored; `new`: stored since; `cells`: those of the matrix, "u1i1" to "u3i3"."""
    mails = Email.objects.for_user(account.owner_id).filter(account=account, missing_since=None)
    inboxes = list(account.folders.filter(role=Folder.Role.INBOX).values_list("pk", flat=True))
    cells = reading.cell_counts(account.owner_id, inboxes)
    return {
        "synced": mails.count(),
        "new": mails.filter(stored_at__gte=since).count(),
        "cells": {f"u{u}i{i}": cells.get((u, i), 0) for u in (1, 2, 3) for i in (1, 2, 3)},
    }
