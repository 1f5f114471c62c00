"""Doorbells: one id in, one call. What to do is found in the rows."""

from celery import shared_task

from accounts.coded import coded
from accounts.models import MailAccount
from accounts.ownership import acting_as_operator
from mail import housekeeping, schedule, sync


@shared_task(name="mail.dispatch_syncs", expires=14)
@coded
def dispatch_syncs() -> int:
    """Queue what is due. Gives how many."""
    return schedule.dispatch()


@shared_task(name="mail.housekeeping", expires=3000)
@coded
def keep_house() -> dict[str, int]:
    """Drop what deleted mail leaves behind. Gives counts."""
    return housekeeping.drop_orphans()


@shared_task(name=schedule.SYNC, expires=schedule.EXPIRES)
@coded
def sync_account(account_id: int) -> str:
    """One unit of an account's sync; rings again where there is more. Gives "more" or "done"."""
    if not sync.run_unit(account_id):
        return "done"
    with acting_as_operator("queue the next unit"):
        account = MailAccount.unscoped.only("pk", "owner_id").filter(pk=account_id).first()
    if account:
        schedule.go_on(account.pk, account.owner_id)
    return "more"
