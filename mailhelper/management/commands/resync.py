"""`bin/manage resync`: sync accounts now, here, with a progress bar; `--full` passes over no folder."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from accounts import grants
from accounts.coded import TaskFailed, coded
from accounts.models import MailAccount, User
from accounts.ownership import acting_as, acting_as_operator
from mail import runs, sync
from mail.models import SyncRun


class Command(BaseCommand):
    """Keys are needed: accounts whose reader is away and allowed no background sync are passed over."""

    help = "Sync mail accounts now, whose readers are signed in or allow background sync."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One way of saying which accounts."""
        # One line, not the usage.
        parser.error = refuse  # type: ignore[method-assign]
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--account", type=int, metavar="ID")
        which.add_argument("--user", metavar="NAME")
        which.add_argument("--all", action="store_true")
        parser.add_argument("--full", action="store_true", help="look at unchanged folders too")

    def handle(self, *args: Any, full: bool, **which: Any) -> None:
        """Exit code 0 where every account is in step, 1 where one is not, 2 for bad arguments."""
        with acting_as_operator("resync"):
            accounts = list(chosen(which))
        console = Console(stderr=True)
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        ) as progress:
            results = [resync(account, full, progress) for account in accounts]
        for line, _ in results:
            self.stdout.write(line)
        failed = sum(not well for _, well in results)
        self.stdout.write(f"{len(results) - failed} of {len(results)} accounts are in step.")
        if failed:
            raise CommandError(f"{failed} could not be synced.", returncode=1)


def refuse(message: str) -> NoReturn:
    """Bad arguments: one clear line."""
    raise CommandError(message, returncode=2)


def chosen(which: dict[str, Any]) -> QuerySet[MailAccount]:
    """The accounts that were named. Raises CommandError where there is none."""
    every = MailAccount.unscoped.select_related("owner").order_by("pk")
    if which["account"] is not None:
        every = every.filter(pk=which["account"])
        if not every:
            refuse(f"There is no mail account {which['account']}.")
    elif which["user"]:
        user = User.objects.filter(username__iexact=which["user"]).first()
        if user is None:
            refuse(f"There is no user {which['user']}.")
        every = every.filter(owner=user)
    return every


def resync(account: MailAccount, full: bool, progress: Progress) -> tuple[str, bool]:
    """Sync one account until it is done: a line for the summary, and whether all is well."""
    name = f"Account {account.pk} ({account.owner.username})"
    waits = waits_for(account)
    if waits:
        return f"{name}: {waits}", account.state != MailAccount.State.ATTENTION
    if full:
        look_at_everything(account)
    try:
        run = run_to_end(account, progress, progress.add_task(name, total=None))
    except TaskFailed as failure:
        return f"{name}: failed; {failure.code}", False
    return f"{name}: {outcome(run)}", run is not None and run.finished_at is not None and not run.error


def waits_for(account: MailAccount) -> str:
    """Whom the account waits for, "" where it can be synced."""
    if account.state == MailAccount.State.PAUSED:
        return "paused by its reader"
    if account.state == MailAccount.State.ATTENTION:
        return f"needs its reader; {account.error}"
    with acting_as(account.owner_id):
        return "" if grants.live(account.owner_id).exists() else "waits for its reader to sign in"


def run_to_end(account: MailAccount, progress: Progress, bar: TaskID) -> SyncRun | None:
    """The run that ended; None while another worker is at it. Raises TaskFailed."""
    since = timezone.now()
    while True:
        more = coded(sync.run_unit)(account.pk)
        run = last_run(account, since)
        if run:
            progress.update(bar, total=run.wanted, completed=run.stored + run.matched)
        if not more:
            return run


def last_run(account: MailAccount, since: datetime) -> SyncRun | None:
    """The newest run that moved on since then."""
    with acting_as(account.owner_id):
        mine = SyncRun.objects.for_user(account.owner_id).filter(account=account, moved_on_at__gte=since)
        return mine.order_by("-pk").first()


def look_at_everything(account: MailAccount) -> None:
    """The run that begins, or goes on, passes over no folder."""
    run = runs.begin(account)
    with acting_as(account.owner_id):
        SyncRun.objects.for_user(account.owner_id).filter(pk=run.pk).update(full=True)


def outcome(run: SyncRun | None) -> str:
    """The counts of a run in words."""
    if run is None or not run.finished_at:
        return "another worker is at it"
    counts = f"{run.stored} new, {run.matched} moved, {run.changed} changed, {run.gone} gone"
    return f"{counts}; {run.error}" if run.error else counts
