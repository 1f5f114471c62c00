"""Mail that is gone from the server: what only moved stays itself, and much is not believed."""

from typing import Any

import pytest

from accounts import mailboxes, overview
from accounts.models import MailAccount
from tests.conftest import Reader
from tests.mail.mailboxes import an_hour_passes, letter, mails, reload, sync_whole

pytestmark = pytest.mark.dovecot


def test_much_that_moved_at_once_is_asked_about_nobody_and_stays_itself(
    account: MailAccount, box: Any
) -> None:
    box.create("Archive")
    box.append([letter(number) for number in range(80)])
    sync_whole(account)
    before = {email.pk for email in mails(account)}
    box.move("1:70", "INBOX", "Archive")
    run = sync_whole(account)
    assert (run.error, run.matched, run.stored) == ("", 70, 0)
    assert {email.pk for email in mails(account)} == before
    assert sorted({email.folder.role for email in mails(account)}) == ["archive", "inbox"]


def test_the_page_says_of_how_many_it_asks(alice: Reader, account: MailAccount, box: Any) -> None:
    box.append([letter(number) for number in range(80)])
    sync_whole(account)
    box.remove("1:70")
    sync_whole(account)
    sync_whole(account)
    assert overview.card(alice.vault, reload(account)).asks_gone == 70


def test_the_readers_word_is_of_what_was_gone_then(account: MailAccount, box: Any) -> None:
    box.create("Other")
    box.append([letter(number) for number in range(80)])
    box.append([letter(number) for number in range(100, 180)], "Other")
    sync_whole(account)
    box.remove("1:70")
    assert sync_whole(account).error == "many-gone"
    mailboxes.let_go(account)
    assert sync_whole(account).error == ""
    box.delete("Other")
    box.create("Other")
    sync_whole(account)
    an_hour_passes_for_the_word(account)
    run = sync_whole(account)
    assert (run.error, run.dropped) == ("many-gone", 70)


def an_hour_passes_for_the_word(account: MailAccount) -> None:
    """What was marked later than the word stays later."""
    row = reload(account)
    late = [email.pk for email in row.emails.filter(missing_since__gt=row.gone_accepted_at)]
    since = {email.pk: email.missing_since for email in row.emails.filter(pk__in=late)}
    an_hour_passes(account)
    for pk, at in since.items():
        row.emails.filter(pk=pk).update(missing_since=at)


def test_a_folder_that_is_only_a_name_any_more_gives_up_its_mail(account: MailAccount, box: Any) -> None:
    box.create("A")
    box.create("A/B")
    box.append([letter(1)], "A")
    sync_whole(account)
    box.delete("A")
    sync_whole(account)
    assert mails(account) == []
    assert sync_whole(account).dropped == 1
