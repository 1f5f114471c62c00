"""An account that moves to another server: its mail is known again there, or waits for the reader's word."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from accounts import mailboxes, overview
from accounts.mailboxes import ELSEWHERE, KEPT, Details
from accounts.models import ContentKey, MailAccount
from mail.models import Email, Folder
from tests.conftest import Reader
from tests.mail.mailboxes import an_hour_passes, letter, mails, reload, sync_whole
from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import _numbers

pytestmark = pytest.mark.dovecot


@pytest.fixture
def other(dovecot: Dovecot) -> Iterator[tuple[str, Any]]:
    """Another user of the same server, and their mailbox."""
    user = f"user{next(_numbers)}"
    with dovecot.mailbox(user) as mailbox:
        yield user, mailbox


def there(reader: Reader, account: MailAccount, user: str) -> tuple[MailAccount, Details]:
    row = reload(account)
    return row, replace(mailboxes.read(reader.vault, row), username=user, password="secret")


def move(reader: Reader, account: MailAccount, user: str) -> None:
    mailboxes.change(reader.vault, *there(reader, account, user))


def test_the_same_mail_keeps_its_rows(alice: Reader, account: MailAccount, box: Any, other: Any) -> None:
    user, there_box = other
    given = [letter(number) for number in range(5)]
    box.append(given)
    sync_whole(account)
    rows = {email.pk: bytes(email.head) for email in mails(account)}
    folders = set(account.folders.values_list("pk", flat=True))  # type: ignore[attr-defined]
    there_box.append([letter(99), *reversed(given)])  # other UIDs, and perhaps the same UIDVALIDITY
    move(alice, account, user)
    assert len(mails(account)) == 5  # seen while the new place is not yet looked at
    run = sync_whole(account)
    assert (run.matched, run.stored, run.error) == (5, 1, "")
    after = {email.pk: bytes(email.head) for email in mails(account)}
    assert rows.items() <= after.items()
    assert set(account.folders.values_list("pk", flat=True)) >= folders  # type: ignore[attr-defined]
    assert not Email.objects.for_user(alice.user).filter(uidvalidity__lt=0).exists()


def test_uids_of_the_old_place_name_nothing_at_the_new_one(
    alice: Reader, account: MailAccount, scripted: Any
) -> None:
    """Even where both servers number alike."""
    row, _ = scripted(
        {
            "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
            "EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\nTAG OK x\r\n",
            "UID SEARCH": b"* SEARCH 1\r\nTAG OK done\r\n",
            "UID FETCH": fetched(letter(1)),
        }
    )
    sync_whole(row)
    first = mails(row)[0]
    values = replace(mailboxes.read(alice.vault, row), username="bob", password="secret")
    mailboxes.change(alice.vault, reload(row), values)
    moved = Email.objects.for_user(alice.user).get(pk=first.pk)
    assert (moved.uidvalidity, moved.uid) == (ELSEWHERE, moved.pk)
    folder = Folder.objects.for_user(alice.user).get(account=row)
    assert (folder.uidnext, folder.exists) == (None, None)


def fetched(raw: bytes) -> bytes:
    return (
        b'* 1 FETCH (UID 1 FLAGS () RFC822.SIZE %d INTERNALDATE "17-Nov-2026 10:00:00 +0000" '
        b"BODY[] {%d}\r\n%b)\r\nTAG OK done\r\n" % (len(raw), len(raw), raw)
    )


def test_what_is_not_at_the_new_place_waits_for_the_readers_word(
    alice: Reader, account: MailAccount, box: Any, other: Any
) -> None:
    """Little as it is: it is no mail that was deleted."""
    box.append([letter(1), letter(2)])
    sync_whole(account)
    move(alice, account, other[0])
    for _ in range(3):
        assert sync_whole(account).error == "many-gone"
        an_hour_passes(account)
    assert len(mails(account)) == 2
    assert overview.card(alice.vault, reload(account)).asks_gone == 2
    mailboxes.let_go(reload(account))
    sync_whole(account)
    assert Email.objects.for_user(alice.user).count() == 2  # an hour has to pass
    an_hour_passes(account)
    assert sync_whole(account).dropped == 2
    assert reload(account).error == ""


def test_what_the_reader_keeps_is_kept_for_good(
    alice: Reader, account: MailAccount, box: Any, other: Any
) -> None:
    user, there_box = other
    box.append([letter(1), letter(2)])
    sync_whole(account)
    move(alice, account, user)
    sync_whole(account)
    mailboxes.keep(reload(account))
    there_box.append([letter(3)])
    for _ in range(3):
        run = sync_whole(account)
        assert (run.error, run.gone, run.dropped) == ("", 0, 0)
        an_hour_passes(account)
    assert len(mails(account)) == 3
    assert Email.objects.for_user(alice.user).filter(uidvalidity=KEPT).count() == 2


def test_a_folder_that_the_new_place_has_not_keeps_its_mail(
    alice: Reader, account: MailAccount, box: Any, other: Any
) -> None:
    box.create("Projects")
    box.append([letter(1)], "Projects")
    sync_whole(account)
    move(alice, account, other[0])
    for _ in range(3):
        sync_whole(account)
        an_hour_passes(account)
    assert len(mails(account)) == 1


def test_the_same_user_at_the_other_port_for_imap_keeps_everything(
    alice: Reader, account: MailAccount
) -> None:
    before = Details("x", "x", "imap.example.org", 993, "tls", "alice")
    assert before.same_mailbox(replace(before, port=143, security="starttls"))
    assert not before.same_mailbox(replace(before, port=4143))
    assert not before.same_mailbox(replace(before, host="imap.example.net"))
    assert not before.same_mailbox(replace(before, username="bob"))


def test_to_start_over_destroys_what_is_here_first(
    alice: Reader, account: MailAccount, box: Any, other: Any
) -> None:
    user, there_box = other
    box.append([letter(1), letter(2)])
    sync_whole(account)
    there_box.append([letter(1)])
    mailboxes.start_over(alice.vault, *there(alice, account, user))
    assert Email.objects.for_user(alice.user).count() == 0
    assert ContentKey.objects.for_user(alice.user).count() == 0
    row = reload(account)
    assert (row.state, row.first_synced_at) == ("active", None)
    run = sync_whole(account)
    assert (run.stored, run.matched, run.error) == (1, 0, "")


def test_a_paused_account_stays_paused_over_it(alice: Reader, account: MailAccount, other: Any) -> None:
    mailboxes.pause(account)
    mailboxes.start_over(alice.vault, *there(alice, account, other[0]))
    assert reload(account).state == "paused"
