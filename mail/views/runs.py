"""The live syncs, a line each."""

from accounts.progress import Run, progress
from mail.reading import Mailboxes


def lines(boxes: Mailboxes, account: int | None = None) -> list[Run]:
    """The live runs of one account, or of all."""
    found = ((run, boxes.account(run.account_id)) for run in boxes.runs)
    return [
        progress(run, box.name, first=box.is_new) for run, box in found if box and account in (None, box.pk)
    ]
