"""Housekeeping that beat rings for."""

from celery import shared_task

from accounts import attempts, deleting, housekeeping
from accounts.coded import coded


@shared_task(name="accounts.housekeeping", expires=55)
@coded
def keep_house() -> dict[str, int]:
    """Drop what has ended, lock what should be locked. Gives counts."""
    return {
        "sessions": housekeeping.drop_ended_sessions(),
        "locked": housekeeping.lock_idle_vaults(),
        "grants": housekeeping.drop_ended_grants(),
        "woken": housekeeping.wake_rested(),
        "sign_ups": housekeeping.drop_unfinished_sign_ups(),
        "attempts": attempts.prune(),
        "deletions": deleting.queue_left(),
    }


@shared_task(name=deleting.TASK, ignore_result=True)
@coded
def remove_rows(transfer_id: int) -> None:
    """One unit of a deletion; rings again where there is more."""
    if deleting.run_by_id(transfer_id):
        deleting.queue(transfer_id)
