"""Tasks that fail with secrets in hand and in their exceptions' text. A worker is told to include them."""

from unittest.mock import patch

from celery import shared_task

from accounts import grants
from accounts.coded import coded
from accounts.models import MailAccount
from accounts.ownership import acting_as_operator
from mail import sync
from mail.storage import Store

WITH_SECRETS = "tests.break_with_secrets"
WHILE_STORING = "tests.break_while_storing"


@shared_task(name=WITH_SECRETS)
@coded
def break_with_secrets(account_id: int) -> None:
    """Say everything that a worker may know, in an exception with a cause."""
    with acting_as_operator("a test"):
        account = MailAccount.unscoped.get(pk=account_id)
    keys = grants.borrow(account.owner_id)
    known = [keys.open_text(account, name) for name in ("name", "address", "host", "username", "password")]
    try:
        raise KeyError(known)
    except KeyError as cause:
        raise ValueError(f"{known} {keys.sync_key.material!r} {keys.hash_key.hex()}") from cause


@shared_task(name=WHILE_STORING)
@coded
def break_while_storing(account_id: int) -> None:
    """Fail in the middle of a sync, with the mail in the exception's text."""

    def break_down(store: Store, folder: object, uidvalidity: int, batch: list[object]) -> None:
        raise RuntimeError([getattr(mail, "raw", b"") for mail in batch])

    with patch.object(Store, "store", break_down):
        sync.run_unit(account_id)
