"""A date to start from: earlier mail is left at the provider, and what is here of it stays itself."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from accounts import mailboxes
from accounts.models import MailAccount
from mail.models import Email
from tests.conftest import Reader
from tests.mail.mailboxes import an_hour_passes, letter, mails, reload, sync_whole

pytestmark = pytest.mark.dovecot

OLD, NEW = '"02-Mar-2025 10:00:00 +0000"', '"20-Nov-2026 10:00:00 +0000"'
START = date(2026, 1, 1)


def set_since(reader: Reader, account: MailAccount, since: date | None) -> None:
    row = reload(account)
    mailboxes.change(reader.vault, row, replace(mailboxes.read(reader.vault, row), since=since))


def folders_of(account: MailAccount) -> list[tuple[str, int]]:
    return sorted((email.folder.role, email.received_at.year) for email in mails(account))


def test_mail_that_came_earlier_is_not_fetched(alice: Reader, account: MailAccount, box: Any) -> None:
    box.append([letter(1), letter(2)], date=OLD)
    box.append([letter(3)], date=NEW)
    set_since(alice, account, START)
    run = sync_whole(account)
    assert (run.wanted, run.stored, run.gone, run.error) == (1, 1, 0, "")
    assert folders_of(account) == [("inbox", 2026)]


def test_an_unchanged_mailbox_with_earlier_mail_is_passed_over(
    alice: Reader, account: MailAccount, box: Any
) -> None:
    box.append([letter(1)], date=OLD)
    set_since(alice, account, START)
    sync_whole(account)
    folder = account.folders.get(role="inbox")  # type: ignore[attr-defined]
    assert (folder.exists, folder.uidnext) == (1, 2)
    assert sync_whole(account).stored == 0


def test_an_earlier_date_fetches_more_and_a_later_one_removes_nothing(
    alice: Reader, account: MailAccount, box: Any
) -> None:
    box.append([letter(1)], date=OLD)
    box.append([letter(2)], date=NEW)
    set_since(alice, account, START)
    sync_whole(account)
    for since in (date(2025, 1, 1), None):
        set_since(alice, account, since)
        sync_whole(account)
        assert folders_of(account) == [("inbox", 2025), ("inbox", 2026)]
    set_since(alice, account, date(2026, 11, 23))
    for _ in range(3):
        run = sync_whole(account)
        assert (run.gone, run.dropped, run.error) == (0, 0, "")
    assert len(mails(account)) == 2


def test_earlier_mail_that_is_here_follows_its_moves(alice: Reader, account: MailAccount, box: Any) -> None:
    box.append([letter(1), letter(2)], date=OLD)
    box.create("Archive")
    sync_whole(account)
    set_since(alice, account, START)
    sync_whole(account)
    rows = {email.pk for email in mails(account)}
    box.append([letter(3, body="Quite another one.")], "Archive", date=OLD)  # this one never was here
    box.move("1", "INBOX", "Archive")
    for _ in range(3):
        run = sync_whole(account)
        assert (run.stored, run.dropped) == (0, 0)
    assert {email.pk for email in mails(account)} == rows
    assert folders_of(account) == [("archive", 2025), ("inbox", 2025)]


def test_earlier_mail_that_is_found_late_is_found_all_the_same(
    alice: Reader, account: MailAccount, box: Any
) -> None:
    """Its new folder was looked at before its old one was: unchanged since, it is listed again."""
    box.append([letter(1)], date=OLD)
    box.create("Archive")
    sync_whole(account)
    set_since(alice, account, START)
    box.move("1", "INBOX", "Archive")
    account.folders.filter(role="inbox").update(missing_since=None)  # type: ignore[attr-defined]
    box.append([letter(1)], date=OLD)  # as if the inbox were looked at before the move
    sync_whole(account)
    box.remove("1:*")
    for _ in range(2):
        sync_whole(account)
    assert folders_of(account) == [("archive", 2025)]


def test_earlier_mail_that_is_deleted_there_goes_here_too(
    alice: Reader, account: MailAccount, box: Any
) -> None:
    box.append([letter(1), letter(2)], date=OLD)
    sync_whole(account)
    set_since(alice, account, START)
    sync_whole(account)
    box.remove("1")
    sync_whole(account)
    an_hour_passes(account)
    sync_whole(account)
    assert Email.objects.for_user(account.owner_id).count() == 1


LISTING = {
    "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
    "EXAMINE": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 3] x\r\nTAG OK x\r\n",
}
ALL = b"* SEARCH 1 2\r\nTAG OK done\r\n"


def fetch(tag: bytes, line: bytes) -> bytes:
    """Mail 1 came in 2025, mail 2 in 2026."""
    answer = b""
    for uid, day in ((1, b" 2-Mar-2025"), (2, b"20-Nov-2026")):
        if b"FETCH %d " % uid not in line and b"FETCH 1:2 " not in line and b"FETCH 2:1 " not in line:
            continue
        raw = letter(uid)
        body = b" BODY[] {%d}\r\n%b" % (len(raw), raw) if b"BODY" in line else b""
        answer += b'* %d FETCH (UID %d FLAGS () RFC822.SIZE %d INTERNALDATE "%b 10:00:00 +0000"%b)\r\n' % (
            uid, uid, len(raw), day, body,
        )  # fmt: skip
    return answer + tag + b" OK done\r\n"


@pytest.mark.parametrize(
    "since",
    [
        b"TAG BAD never heard of\r\n",
        b"TAG NO not now\r\n",
        b"TAG OK without an answer\r\n",
        b"* SEARCH two\r\nTAG OK\r\n",
        b"* SEARCH 2 99 4000000000\r\nTAG OK\r\n",
    ],
)
def test_a_server_that_cannot_search_by_date_or_makes_uids_up(
    alice: Reader, scripted: Any, since: bytes
) -> None:
    def search(tag: bytes, line: bytes) -> bytes:
        return (since if b"SINCE" in line else ALL).replace(b"TAG ", tag + b" ")

    account, server = scripted({**LISTING, "UID SEARCH": search, "UID FETCH": fetch})
    set_since(alice, account, START)
    run = sync_whole(account)
    assert (run.stored, run.error) == (1, "")
    assert [email.uid for email in mails(account)] == [2]
    assert any(b"SINCE 1-Jan-2026" in command for command in server.commands)
