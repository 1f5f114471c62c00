"""Folders that the reader leaves out: neither looked at, nor ever gone from the server."""

from dataclasses import replace
from typing import Any

import pytest

from accounts import mailboxes
from accounts.models import ContentKey, MailAccount
from mail.models import Email
from tests.conftest import Reader
from tests.mail.mailboxes import an_hour_passes, letter, mails, reload, sync_whole

pytestmark = pytest.mark.dovecot


def leave_out(reader: Reader, account: MailAccount, *names: str) -> None:
    row = reload(account)
    mailboxes.change(reader.vault, row, replace(mailboxes.read(reader.vault, row), left_out=names))


def uids(account: MailAccount, role: str) -> list[int]:
    return sorted(email.uid for email in mails(account) if email.folder.role == role)


@pytest.fixture
def lists(box: Any) -> Any:
    """Three mails in the inbox, three in another folder."""
    box.create("Lists")
    box.append([letter(number) for number in range(3)])
    box.append([letter(number) for number in range(10, 13)], "Lists")
    return box


def test_a_folder_that_is_left_out_is_not_fetched(alice: Reader, account: MailAccount, lists: Any) -> None:
    leave_out(alice, account, "Lists")
    run = sync_whole(account)
    assert (run.stored, run.error) == (3, "")
    assert "Lists" in mailboxes.folder_names(alice.vault, reload(account))


def test_its_mail_stays_whatever_happens_on_the_server(
    alice: Reader, account: MailAccount, lists: Any
) -> None:
    sync_whole(account)
    leave_out(alice, account, "Lists")
    lists.remove("1", "Lists")
    sync_whole(account)
    lists.delete("Lists")
    for _ in range(3):
        run = sync_whole(account)
        assert (run.gone, run.dropped, run.error) == (0, 0, "")
        an_hour_passes(account)
    assert len(uids(account, "other")) == 3


def test_what_was_about_to_go_stays_when_its_folder_is_left_out(
    alice: Reader, account: MailAccount, lists: Any
) -> None:
    sync_whole(account)
    lists.remove("1", "Lists")
    assert sync_whole(account).gone == 1
    leave_out(alice, account, "Lists")
    sync_whole(account)
    assert len(uids(account, "other")) == 3


def test_it_comes_back_as_it_is_by_then(alice: Reader, account: MailAccount, lists: Any) -> None:
    sync_whole(account)
    rows = {email.pk for email in mails(account)}
    leave_out(alice, account, "Lists")
    sync_whole(account)
    lists.append([letter(20)], "Lists")
    lists.remove("1", "Lists")
    leave_out(alice, account)
    run = sync_whole(account)
    assert (run.stored, run.gone) == (1, 1)
    assert uids(account, "other") == [2, 3, 4]
    assert len(rows & {email.pk for email in mails(account)}) == 5


def test_its_mail_is_removed_where_the_reader_says_so(
    alice: Reader, account: MailAccount, lists: Any
) -> None:
    sync_whole(account)
    before = ContentKey.objects.for_user(alice.user).count()
    leave_out(alice, account, "Lists")
    mailboxes.empty_folders(alice.vault, reload(account), {"Lists"})
    assert uids(account, "other") == []
    assert len(uids(account, "inbox")) == 3
    assert ContentKey.objects.for_user(alice.user).count() == before - 1
    for email in mails(account):
        assert alice.vault.open(email, "head")


def test_a_key_that_opens_other_mail_too_is_kept(alice: Reader, account: MailAccount, lists: Any) -> None:
    sync_whole(account)
    lists.move("1", "Lists", "INBOX")  # keeps its row, and the key of its batch
    sync_whole(account)
    mailboxes.empty_folders(alice.vault, reload(account), {"Lists"})
    assert len(uids(account, "inbox")) == 4
    for email in mails(account):
        assert alice.vault.open(email, "head")


def test_the_inbox_is_never_left_out(alice: Reader, account: MailAccount, lists: Any) -> None:
    leave_out(alice, account, "INBOX", "Lists")
    assert sync_whole(account).stored == 3


def test_a_run_with_the_old_choice_is_overtaken(alice: Reader, account: MailAccount) -> None:
    before = reload(account).fence
    leave_out(alice, account, "Lists")
    assert reload(account).fence == before + 1
    assert Email.objects.for_user(alice.user).count() == 0
