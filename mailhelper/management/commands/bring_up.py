"""`manage.py bring_up [--demo-port N]`: what `bin/run` wants of Django, in one process, told line by line.

Prints JSON: a line when the database is migrated; a line with the operator's invitation and, in the demo,
how its reader signs in; in the demo a last line with the counts, when a sync through the queue has ended.
"""

import json
import socket
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.commands.invite import first_operator_link
from accounts.models import Authenticator, MailAccount
from accounts.ownership import acting_as
from mail import reading, schedule
from mail.models import Email, Folder, SyncRun
from mailhelper import demoreader
from mailhelper.demoreader import DemoReader

LOOK_EVERY = 0.1  # seconds


class Command(BaseCommand):
    help = "Prepares the database, and the demo if there is one. For bin/run."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo-port", type=int, metavar="N", help="of the demo mailbox")
        parser.add_argument("--since", type=datetime.fromisoformat, default=timezone.now(), metavar="TIME")
        parser.add_argument("--seconds", type=int, default=180, help="wait no longer than that for the sync")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=1, stdout=self.stderr)
        self.say({"migrated": True})
        invitation = {"invitation": first_operator_link()}
        if options["demo_port"] is None:
            self.say(invitation)
            return
        if not settings.DEMO:
            raise CommandError("There is a demo only under bin/run.")
        reader = demo_reader(options["demo_port"])
        self.say(invitation | how_to_sign_in(reader))
        with acting_as(reader.user):
            account = MailAccount.objects.for_user(reader.user).get(pk=reader.account)
        wait_for_mailbox(options["demo_port"], options["seconds"])
        began = timezone.now()
        schedule.go_on(account.pk, account.owner_id)
        wait_for_end(account, began, options["seconds"])
        self.say(counts(account, options["since"]))

    def say(self, found: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(found))
        self.stdout.flush()


def demo_reader(port: int) -> DemoReader:
    """The demo's reader, made if missing. Raises CommandError where somebody else took the name."""
    try:
        reader = demoreader.ensure(port)
    except demoreader.NotOurs:
        name = demoreader.NAME
        raise CommandError(f"Somebody signed up as {name!r}: start with bin/run --no-demo.") from None
    begin_anew(reader.device)
    return reader


def begin_anew(device: Authenticator) -> None:
    """A code opens once. Two starts within half a minute would have the second wait for the next code."""
    Authenticator.objects.filter(pk=device.pk).update(
        last_t=-1, drift=0, throttling_failure_count=0, throttling_failure_timestamp=None
    )


def how_to_sign_in(reader: DemoReader) -> dict[str, str]:
    """`totp_secret` is what the one-time codes are made of, in base 32."""
    return {"user": reader.user.username, "password": reader.password, "totp_secret": reader.secret}


def wait_for_mailbox(port: int, seconds: int) -> None:
    """Wait until the demo mailbox listens: it is started beside us and fills itself first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection((demoreader.HOST, port), timeout=1).close()
        except OSError:
            time.sleep(LOOK_EVERY)
        else:
            return
    raise CommandError("The demo mailbox does not listen.")


def wait_for_end(account: MailAccount, began: datetime, seconds: int) -> None:
    """Wait until a run has ended since `began`. Raises CommandError where it failed or none came."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with acting_as(account.owner_id):
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
    with acting_as(account.owner_id):
        return _counts(account, since)


def _counts(account: MailAccount, since: datetime) -> dict[str, Any]:
    mails = Email.objects.for_user(account.owner_id).filter(account=account, missing_since=None)
    inboxes = list(account.folders.filter(role=Folder.Role.INBOX).values_list("pk", flat=True))
    cells = reading.cell_counts(account.owner_id, inboxes)
    return {
        "synced": mails.count(),
        "new": mails.filter(stored_at__gte=since).count(),
        "cells": {f"u{u}i{i}": cells.get((u, i), 0) for u in (1, 2, 3) for i in (1, 2, 3)},
    }
