"""What goes wrong in the middle: nothing is lost or doubled, and nobody is told what is no longer so."""

import contextlib
import dataclasses
from typing import Any

import pytest

from accounts import mailboxes
from accounts.models import MailAccount
from accounts.networks import parse_networks
from mail import sync
from mail.models import SyncRun
from tests.conftest import Reader
from tests.mail.mailboxes import account_at, letter, sync_whole
from tests.servers.dovecot import Dovecot

pytestmark = pytest.mark.dovecot


@pytest.fixture
def account(alice: Reader, dovecot: Dovecot, mail_user: str, settings: Any) -> MailAccount:
    """An account of alice on an empty mailbox."""
    settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{dovecot.port}"])
    return account_at(alice, dovecot.port, mail_user)


@pytest.fixture
def box(dovecot: Dovecot, mail_user: str) -> Any:
    """The same mailbox as another program sees it."""
    with dovecot.mailbox(mail_user) as mailbox:
        yield mailbox


def reload(account: MailAccount) -> MailAccount:
    return MailAccount.objects.for_user(account.owner_id).get(pk=account.pk)


@pytest.mark.parametrize("what", ["a refused password", "a broken program"])
def test_who_was_overtaken_by_a_mended_password_does_not_stop_the_account(
    alice: Reader, account: MailAccount, box: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The reader mends the password while the wrong one is being tried."""
    account.password = alice.vault.seal_secret(account, "password", b"wrong")
    account.save(update_fields=["password"])
    box.append([letter(1)])
    open_imap = sync.open_imap

    def mend_meanwhile(*args: Any, **options: Any) -> Any:
        row = reload(account)
        details = mailboxes.read(alice.vault, row)
        mailboxes.change(alice.vault, row, dataclasses.replace(details, password="secret"))
        monkeypatch.undo()
        if what == "a broken program":
            raise RuntimeError(what)
        return open_imap(*args, **options)

    monkeypatch.setattr(sync, "open_imap", mend_meanwhile)
    with contextlib.suppress(RuntimeError):
        assert sync.run_unit(account.pk) is False
    assert (reload(account).state, reload(account).error) == ("active", "")
    run = sync_whole(account)
    assert (run.error, run.stored) == ("", 1)
    assert not SyncRun.objects.for_user(account.owner_id).filter(error__gt="").exists()
