"""Round trips with a real Dovecot, changed meanwhile by another program."""

import pytest

from accounts.wire import Limits
from mail.imap.errors import SyncError
from mail.imap.plan import FolderState, complete, plan, unchanged, windows
from mail.imap.session import Session
from tests.mail.imap.conftest import connect

pytestmark = pytest.mark.dovecot
MAX = 10_000_000


def mail(number, size=0):
    head = f"From: sender@example.org\r\nSubject: number {number}\r\nMessage-ID: <{number}@example.org>\r\n"
    return head.encode() + b"\r\n" + b"x" * size + b"\r\n"


def state(session, raw_name=b"INBOX"):
    """The whole folder as one FolderState."""
    seen = session.examine(raw_name)
    uids = frozenset(session.uids(1, seen.uidnext - 1))
    return FolderState(seen.uidvalidity, uids, session.flags(1, max(seen.uidnext - 1, 1)))


def test_mails_come_back_byte_for_byte(dovecot, dovecot_session, mail_user):
    mails = [mail(1), mail(2, 100_000), b"no header at all\r\n", b"a\xff\xfe\r\n\r\n8 bit \xe4\r\n"]
    with dovecot.mailbox(mail_user) as mailbox:
        mailbox.append(mails, flags="\\Seen $Work", date='"01-Feb-2020 03:04:05 +0200"')
    selected = dovecot_session.examine(b"INBOX")
    assert (selected.exists, selected.uidnext) == (4, 5)
    fetched = dovecot_session.fetch(dovecot_session.uids(1, 4), MAX)
    assert [each.raw for each in fetched] == mails
    assert {each.size for each in fetched} == {len(each) for each in mails}
    assert fetched[0].flags == {"\\Seen", "$Work"}
    assert fetched[0].received_at.isoformat() == "2020-02-01T01:04:05+00:00"


def test_reading_changes_no_flag(dovecot, dovecot_session, mail_user):
    with dovecot.mailbox(mail_user) as mailbox:
        mailbox.append([mail(1)])
    dovecot_session.examine(b"INBOX")
    dovecot_session.fetch([1], MAX)
    assert dovecot_session.flags(1, 1) == {1: frozenset()}


def test_folders_with_umlauts_slashes_and_quotes(dovecot, dovecot_session, mail_user):
    names = ["Pr&APw-fung", "Pr&APw-fung/&ANw-nter &- Co", 'a "b"', "&2D3eAA-"]
    with dovecot.mailbox(mail_user) as mailbox:
        for name in names:
            mailbox.create(name)
            mailbox.append([mail(1)], name)
    folders = {folder.name: folder for folder in dovecot_session.list_folders()}
    for name in ["Prüfung", "Prüfung/Ünter & Co", 'a "b"', "😀"]:
        assert dovecot_session.examine(folders[name].raw_name).exists == 1
    assert folders["INBOX"].role == "inbox"
    assert folders["Sent"].role == "sent"
    assert folders["Prüfung"].delimiter == "/"


def test_an_empty_mailbox(dovecot_session):
    selected = dovecot_session.examine(b"INBOX")
    assert (selected.exists, selected.uidnext) == (0, 1)
    assert dovecot_session.uids(1, 1) == []
    assert list(windows(selected.uidnext, selected.exists)) == []


def test_a_folder_that_is_gone(dovecot_session):
    with pytest.raises(SyncError) as caught:
        dovecot_session.examine(b"No such folder")
    assert (caught.value.code, caught.value.transient) == ("folder-gone", False)


def test_an_unchanged_folder_is_known_by_one_command(dovecot, dovecot_session, mail_user):
    with dovecot.mailbox(mail_user) as mailbox:
        mailbox.append([mail(1), mail(2)])
        mark = dovecot_session.examine(b"INBOX")
        assert mark.highestmodseq is not None
        assert unchanged(mark, dovecot_session.examine(b"INBOX")) is True
        mailbox.flag("1", "\\Flagged")
    seen = dovecot_session.examine(b"INBOX")
    assert unchanged(mark, seen) is False
    assert dovecot_session.flags(1, 2, mark.highestmodseq) == {1: {"\\Flagged"}}


def test_the_plan_follows_another_programs_changes(dovecot, dovecot_session, mail_user):
    with dovecot.mailbox(mail_user) as mailbox:
        mailbox.append(mail(number) for number in range(10))
        known = state(dovecot_session)
        mailbox.remove("2,5")
        mailbox.flag("7", "\\Answered")
        mailbox.append([mail(10)])
    made = plan(known, state(dovecot_session))
    assert made.fetch == (11,)
    assert made.vanished == {2, 5}
    assert made.reflag == {7: {"\\Answered"}}
    assert complete(len(dovecot_session.uids(1, 11)), dovecot_session.exists)


def test_a_folder_made_again_has_another_uidvalidity(dovecot, dovecot_session, mail_user):
    with dovecot.mailbox(mail_user) as mailbox:
        mailbox.create("Box")
        mailbox.append([mail(1), mail(2)], "Box")
        known = state(dovecot_session, b"Box")
        dovecot_session.examine(b"INBOX")
        mailbox.delete("Box")
        mailbox.create("Box")
        mailbox.append([mail(1)], "Box")
    made = plan(known, state(dovecot_session, b"Box"))
    assert made.rematch == {1, 2}
    assert made.vanished == frozenset()


def test_mail_removed_while_we_fetch_is_absent(dovecot, dovecot_session, mail_user):
    with dovecot.mailbox(mail_user) as mailbox:
        mailbox.append(mail(number) for number in range(5))
        dovecot_session.examine(b"INBOX")
        uids = dovecot_session.uids(1, 5)
        mailbox.remove("3")
        fetched = dovecot_session.fetch(uids, MAX)
        assert {each.uid for each in fetched if each.raw} >= {1, 2, 4, 5}
        dovecot_session.examine(b"INBOX")
    assert [each.uid for each in dovecot_session.fetch(uids, MAX)] == [1, 2, 4, 5]


def test_a_mail_over_the_limit_keeps_its_header(dovecot, dovecot_session, mail_user):
    with dovecot.mailbox(mail_user) as mailbox:
        mailbox.append([mail(1), mail(2, 300_000)])
    dovecot_session.examine(b"INBOX")
    small, big = dovecot_session.fetch([1, 2], 100_000)
    assert small.raw == mail(1)
    assert big.raw == mail(2).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert big.complete is False
    assert big.size > 300_000


@pytest.mark.parametrize(
    "capability",
    [
        "IMAP4rev1",
        "IMAP4rev1 ENABLE CONDSTORE",
        "IMAP4rev1 ESEARCH LITERAL+ SASL-IR",
        "IMAP4rev1 SPECIAL-USE",
    ],
)
@pytest.mark.parametrize("mail_format", ["sdbox", "maildir"])
def test_any_set_of_capabilities_leads_to_the_same_state(start_dovecot, capability, mail_format):
    server = start_dovecot(capability=capability, mail_format=mail_format)
    with server.mailbox("user0") as mailbox:
        mailbox.append((mail(number) for number in range(6)), flags="\\Seen")
        mailbox.create("&ANw-ml")
        mailbox.remove("2")
    with Session(connect(server, "user0", Limits())) as session:
        names = {folder.name for folder in session.list_folders()}
        known = state(session)
        fetched = session.fetch(sorted(known.uids), MAX)
    assert {"INBOX", "Üml", "Sent"} <= names
    assert known.flags == dict.fromkeys([1, 3, 4, 5, 6], frozenset({"\\Seen"}))
    assert [each.raw for each in fetched] == [mail(number) for number in [0, 2, 3, 4, 5]]


def test_two_thousand_mails_come_in_batches_of_five_hundred(dovecot, dovecot_session, mail_user):
    with dovecot.mailbox(mail_user) as mailbox:
        mailbox.append(mail(number) for number in range(250))
        for _ in range(3):
            mailbox.connection.select("INBOX")
            mailbox.connection.uid("COPY", "1:*", "INBOX")
    selected = dovecot_session.examine(b"INBOX")
    uids = dovecot_session.uids(1, selected.uidnext - 1)
    assert len(uids) == 2000
    sizes = [len(batch) for batch in dovecot_session.stream(uids[::-1], MAX)]
    assert sizes == [500, 500, 500, 500]
