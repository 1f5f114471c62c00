"""Doorbells: one id in, one call. What to do is found in the rows."""

from celery import shared_task
from django.utils import timezone

from accounts.coded import TaskFailed, coded
from accounts.models import MailAccount
from accounts.ownership import acting_as_operator
from mail import housekeeping, runs, schedule, sync


@shared_task(name="mail.dispatch_syncs", expires=14)
@coded
def dispatch_syncs() -> int:
    """Queue what is due. Gives how many."""
    return schedule.dispatch()


@shared_task(name="mail.housekeeping", expires=3000)
@coded
def keep_house() -> dict[str, int]:
    """Drop what is left behind. Gives counts."""
    return {**housekeeping.end_runs(), **housekeeping.drop_orphans()}


@shared_task(name=schedule.SYNC, expires=schedule.EXPIRES)
@coded
def sync_account(account_id: int) -> str:
    """One unit of an account's sync; rings again where there is more. Gives "more" or "done".

    Fails with the run's error code, so that operators see which syncs do.
    """
    began = timezone.now()
    more = sync.run_unit(account_id)
    with acting_as_operator("queue the next unit"):
        account = MailAccount.unscoped.only("pk", "owner_id").filter(pk=account_id).first()
    if account is None:
        return "done"
    if more:
        schedule.go_on(account.pk, account.owner_id)
        return "more"
    if code := runs.failure_since(account, began):
        raise TaskFailed(code)
    return "done"
