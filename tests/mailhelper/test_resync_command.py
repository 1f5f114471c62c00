"""resync: which accounts, how it went, and one clear line for what makes no sense."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts import grants, mailboxes
from accounts.models import MailAccount
from accounts.networks import parse_networks
from mail.models import Email
from tests.conftest import Reader
from tests.mail.mailboxes import account_at, letter
from tests.servers.dovecot import Dovecot


def told(*arguments: str) -> str:
    out = io.StringIO()
    call_command("resync", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def account(alice: Reader, dovecot: Dovecot, mail_user: str, settings: Any) -> MailAccount:
    settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{dovecot.port}"])
    with dovecot.mailbox(mail_user) as box:
        box.append([letter(1), letter(2)])
    return account_at(alice, dovecot.port, mail_user)


@pytest.mark.dovecot
@pytest.mark.parametrize("which", ["--account", "--user", "--all"])
def test_the_named_accounts_are_synced_and_summed_up(account: MailAccount, alice: Reader, which: str) -> None:
    values = {"--account": [str(account.pk)], "--user": ["ALICE"], "--all": []}
    said = told(which, *values[which])
    assert f"Account {account.pk} (alice): 2 new" in said
    assert "1 of 1 accounts are in step." in said
    assert Email.objects.for_user(alice.user).count() == 2
    assert "0 new" in told(which, *values[which], "--full")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required"),
        (["--all", "--user", "alice"], "not allowed"),
        (["--account", "x"], "invalid int"),
        (["--account", "999999"], "no mail account 999999"),
        (["--user", "nobody"], "no user nobody"),
        (["--nonsense", "--all"], "unrecognized"),
    ],
)
def test_bad_arguments_get_one_line_and_exit_code_2(db: None, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says) as refused:
        told(*arguments)
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_accounts_that_wait_are_passed_over(alice: Reader) -> None:
    paused, without_key = account_at(alice, 993, "one"), account_at(alice, 993, "two")
    mailboxes.pause(paused)
    grants.stop(alice.pk)
    said = told("--all")
    assert f"Account {paused.pk} (alice): paused by its reader" in said
    assert f"Account {without_key.pk} (alice): waits for its reader to sign in" in said


def test_a_server_that_is_away_is_told_and_fails(alice: Reader, settings: Any) -> None:
    settings.ALLOWED_MAIL_NETWORKS = parse_networks(["127.0.0.1/32:1"])
    account_at(alice, 1, "alice")
    with pytest.raises(CommandError) as failed:
        told("--all")
    assert failed.value.returncode == 1
