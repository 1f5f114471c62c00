"""The sync against a real Dovecot: what is there is here, once, and stays itself when it moves."""

from typing import Any

import pytest
import zstandard
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import grants, mailboxes, overview
from accounts.coded import TaskFailed
from accounts.models import Grant, MailAccount
from accounts.networks import parse_networks
from accounts.ownership import acting_as
from mail import folders, heads, lease, sync
from mail.models import Email, Folder, SyncRun
from mail.tasks import sync_account
from tests.conftest import Reader
from tests.mail.mailboxes import ONE_MAIL, an_hour_passes, letter, mails, reload, sync_whole
from tests.servers.scripted import CLOSE

pytestmark = pytest.mark.dovecot

UMLAUTS = "Pr&APw-f/&ANw-nter &- Co"  # Prüf/Ünter & Co in modified UTF-7


def raw_of(reader: Reader, email: Email) -> bytes:
    return zstandard.decompress(reader.vault.open(email.message, "raw"))


def test_an_empty_mailbox_is_done_at_once(account: MailAccount) -> None:
    run = sync_whole(account)
    assert (run.error, run.stored, run.wanted) == ("", 0, 0)
    assert reload(account).first_synced_at is not None


def test_what_is_there_is_here_byte_for_byte(alice: Reader, account: MailAccount, box: Any) -> None:
    given = [letter(number) for number in range(12)]
    box.append(given)
    run = sync_whole(account)
    assert run.stored == run.wanted == 12
    stored = mails(account)
    assert {raw_of(alice, email) for email in stored} == set(given)
    head = heads.read_head(alice.vault.open(stored[0], "head"))
    assert head.subject == "Letter 11"  # newest first
    assert head.sender.email == "bob@example.org"
    assert {email.size for email in stored} <= {len(raw) for raw in given}


def test_an_unchanged_mailbox_costs_no_row(account: MailAccount, box: Any) -> None:
    box.append([letter(1)])
    sync_whole(account)
    before = list(Email.objects.for_user(account.owner_id).values())
    with CaptureQueriesContext(
        connection,
    ) as seen:
        run = sync_whole(account)
    assert (run.stored, run.changed, run.gone) == (0, 0, 0)
    assert list(Email.objects.for_user(account.owner_id).values()) == before
    assert not [query for query in seen if "INSERT INTO mail_email" in query["sql"]]


def test_only_what_is_new_is_fetched(account: MailAccount, box: Any) -> None:
    box.append([letter(1)])
    sync_whole(account)
    box.append([letter(2)])
    assert sync_whole(account).stored == 1
    assert len(mails(account)) == 2


def test_flags_follow_the_server(account: MailAccount, box: Any) -> None:
    box.append([letter(1), letter(2)])
    sync_whole(account)
    box.flag("1", "\\Seen \\Flagged")
    assert sync_whole(account).changed == 1
    first = min(mails(account), key=lambda email: email.uid)
    assert (first.seen, first.flagged, first.answered) == (True, True, False)


def test_a_mail_that_is_gone_is_marked_then_dropped(account: MailAccount, box: Any) -> None:
    box.append([letter(1), letter(2)])
    sync_whole(account)
    box.remove("1")
    assert sync_whole(account).gone == 1
    assert len(mails(account)) == 1
    assert Email.objects.for_user(account.owner_id).count() == 2
    assert sync_whole(account).dropped == 1
    assert Email.objects.for_user(account.owner_id).count() == 1


def test_a_moved_mail_keeps_its_row(account: MailAccount, box: Any) -> None:
    box.append([letter(1), letter(2)])
    box.create("Archive")
    sync_whole(account)
    rows = {email.pk: bytes(email.head) for email in mails(account)}
    box.move("1", "INBOX", "Archive")
    run = sync_whole(account)
    assert (run.matched, run.stored) == (1, 0)
    assert {email.pk: bytes(email.head) for email in mails(account)} == rows
    assert sorted(email.folder.role for email in mails(account)) == ["archive", "inbox"]
    sync_whole(account)
    assert len(mails(account)) == Email.objects.for_user(account.owner_id).count() == 2


def test_a_renamed_folder_keeps_its_mail(account: MailAccount, box: Any) -> None:
    box.create("Old")
    box.append([letter(1), letter(2)], "Old")
    sync_whole(account)
    rows = {email.pk for email in mails(account)}
    box.connection.rename("Old", "New")
    sync_whole(account)
    sync_whole(account)
    assert {email.pk for email in mails(account)} == rows
    assert Email.objects.for_user(account.owner_id).count() == 2


def test_a_new_uidvalidity_matches_the_mail_again(account: MailAccount, box: Any) -> None:
    given = [letter(number) for number in range(5)]
    box.create("Work")
    box.append(given, "Work")
    sync_whole(account)
    before = {email.pk: (bytes(email.head), email.uidvalidity) for email in mails(account)}
    box.delete("Work")
    box.create("Work")
    box.append(list(reversed(given)), "Work")
    run = sync_whole(account)
    assert (run.matched, run.stored) == (5, 0)
    after = {email.pk: (bytes(email.head), email.uidvalidity) for email in mails(account)}
    assert {pk: head for pk, (head, _) in after.items()} == {pk: head for pk, (head, _) in before.items()}
    assert {generation for _, generation in after.values()} != {
        generation for _, generation in before.values()
    }


def test_folder_names_in_modified_utf7_are_read_and_sealed(
    alice: Reader, account: MailAccount, box: Any
) -> None:
    box.create(UMLAUTS)
    box.append([letter(1)], UMLAUTS)
    sync_whole(account)
    names = {
        folders.read_name(alice.vault.open_secret(folder, "name"))[1]
        for folder in Folder.objects.for_user(account.owner_id)
    }
    assert "Prüf/Ünter & Co" in names
    assert mails(account)[0].folder.selectable


def test_much_that_is_gone_stays_until_the_reader_says_so(
    alice: Reader, account: MailAccount, box: Any
) -> None:
    box.append([letter(number) for number in range(80)])
    sync_whole(account)
    box.remove("1:70")
    run = sync_whole(account)
    assert (run.error, run.gone, run.doubted) == ("many-gone", 0, 70)
    assert overview.card(alice.vault, reload(account)).asks_gone == 70
    assert reload(account).error == "many-gone"
    assert len(mails(account)) == 80
    mailboxes.let_go(account)
    assert sync_whole(account).gone == 70
    assert len(mails(account)) == 10
    assert sync_whole(account).dropped == 0  # an hour has to pass
    an_hour_passes(account)
    assert sync_whole(account).dropped == 70


BROKEN = {
    "no Date": b"From: a@example.org\r\nSubject: no date\r\n\r\nx\r\n",
    "unknown charset": letter(2, headers="Content-Type: text/plain; charset=x-unheard-of\r\n", body="\u00e9"),
    "broken MIME": letter(3, headers='Content-Type: multipart/mixed; boundary="b"\r\n', body="--b\r\nX"),
    "no header": b"\r\nonly a body\r\n",
    "no body": b"Subject: nothing below\r\n\r\n",
    "raw 8-bit header": "Subject: Grüße aus Zürich\r\n\r\nx\r\n".encode("latin-1"),
    "bad base64": letter(4, headers="Content-Transfer-Encoding: base64\r\n", body="!!!not base64!!!"),
    "deep nesting": letter(5, headers="Content-Type: multipart/mixed; boundary=q\r\n")
    + b"".join(
        b"--%s\r\nContent-Type: multipart/mixed; boundary=q%d\r\n\r\n" % (b"q" * 1, n) for n in range(300)
    ),
}


def test_broken_mail_is_kept_whole_and_never_skipped(alice: Reader, account: MailAccount, box: Any) -> None:
    box.append(BROKEN.values())
    run = sync_whole(account)
    assert run.stored == len(BROKEN)
    assert {raw_of(alice, email) for email in mails(account)} == set(BROKEN.values())
    for email in mails(account):
        heads.read_head(alice.vault.open(email, "head"))


def test_nul_bytes_are_kept(alice: Reader, scripted: Any) -> None:
    """Dovecot replaces them when a mail is appended, so a scripted server serves them."""
    given = letter(1, body="before\0after")
    fetch = b"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE %d BODY[] {%d}\r\n%b)\r\nTAG OK done\r\n"
    account, _ = scripted(ONE_MAIL | {"UID FETCH": fetch % (len(given), len(given), given)})
    assert sync_whole(account).stored == 1
    (email,) = mails(account)
    assert raw_of(alice, email) == given


def test_a_large_attachment_comes_whole(alice: Reader, account: MailAccount, box: Any) -> None:
    large = letter(1, body="\r\n".join(["A" * 76] * 400_000))
    assert len(large) > 30_000_000
    box.append([large, letter(2)])
    assert sync_whole(account).stored == 2
    assert large in {raw_of(alice, email) for email in mails(account)}


def test_of_a_mail_over_the_limit_the_head_is_kept(
    alice: Reader, account: MailAccount, box: Any, settings: Any
) -> None:
    settings.MAIL_MAX_BYTES = 10_000
    box.append([letter(1, body="x" * 20_000)])
    sync_whole(account)
    (email,) = mails(account)
    assert email.state == Email.State.CUT
    assert heads.read_head(alice.vault.open(email, "head")).subject == "Letter 1"
    assert b"xxxx" not in raw_of(alice, email)


def test_threads_join_by_references_across_folders(account: MailAccount, box: Any) -> None:
    box.append([letter(1)])
    box.append([letter(2, headers="References: <letter-1@example.org>\r\n")], "Sent")
    box.append([letter(3, headers="In-Reply-To: <letter-2@example.org>\r\n"), letter(4)])
    sync_whole(account)
    threads: dict[int, int] = {}
    for email in mails(account):
        threads[email.thread_id] = threads.get(email.thread_id, 0) + 1
    assert sorted(threads.values()) == [1, 3]


def test_a_reply_that_comes_first_is_joined_later(account: MailAccount, box: Any) -> None:
    box.append([letter(3, headers="References: <letter-1@example.org> <letter-2@example.org>\r\n")])
    box.append([letter(5, headers="References: <letter-4@example.org>\r\n")])
    sync_whole(account)
    assert len({email.thread_id for email in mails(account)}) == 2
    box.append([letter(4, headers="References: <letter-2@example.org>\r\n")])
    sync_whole(account)
    assert len({email.thread_id for email in mails(account)}) == 1


def test_the_first_sync_takes_old_mail_for_done(account: MailAccount, box: Any) -> None:
    box.append([letter(1)], date='"01-Jan-2026 10:00:00 +0000"')
    box.append([letter(2)], date=timezone.now().strftime('"%d-%b-%Y %H:%M:%S +0000"'))
    sync_whole(account)
    box.append([letter(3)], date='"01-Jan-2026 10:00:00 +0000"')
    sync_whole(account)
    done = {email.uid: email.done_at is not None for email in mails(account)}
    assert done == {1: True, 2: False, 3: False}


def test_without_a_grant_the_account_waits_and_nothing_is_wrong(
    alice: Reader, account: MailAccount, box: Any
) -> None:
    box.append([letter(1)])
    grants.stop(alice.pk)
    run = sync_whole(account)
    assert (run.error, run.stored) == ("no-grant", 0)
    assert (reload(account).state, reload(account).error) == ("active", "")


def test_a_refused_password_waits_for_the_reader(alice: Reader, account: MailAccount) -> None:
    account.password = alice.vault.seal_secret(account, "password", b"wrong")
    account.save(update_fields=["password"])
    assert sync_whole(account).error == "login-refused"
    assert (reload(account).state, reload(account).next_sync_at) == ("attention", None)


def test_a_server_that_is_away_is_asked_again_soon_then_less_soon(
    alice: Reader, account: MailAccount, settings: Any
) -> None:
    settings.ALLOWED_MAIL_NETWORKS = parse_networks(["127.0.0.1/32:1"])
    account.port = 1
    account.save(update_fields=["port"])
    waits = []
    for _ in range(3):
        assert sync_whole(account).error == "unreachable"
        next_sync_at = reload(account).next_sync_at
        assert next_sync_at is not None
        waits.append((next_sync_at - timezone.now()).total_seconds())
    assert reload(account).state == "active"
    for wait, base in zip(waits, (60, 120, 240), strict=True):
        assert 0.85 * base < wait < 1.25 * base


def test_an_unknown_host_is_told(alice: Reader, account: MailAccount) -> None:
    account.host = alice.vault.seal_secret(account, "host", b"no-such-host.invalid")
    account.save(update_fields=["host"])
    assert sync_whole(account).error == "name-unknown"


def test_two_syncs_at_once_are_one(account: MailAccount, box: Any) -> None:
    box.append([letter(1)])
    other = lease.take(account)
    assert other is not None
    assert sync.run_unit(account.pk) is False
    assert mails(account) == []
    other.release()
    assert sync_whole(account).stored == 1


def test_who_was_overtaken_stores_nothing(
    account: MailAccount, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker sleeps past its lease in the middle of a batch; another takes over."""
    box.append([letter(number) for number in range(3)])
    store = sync.Store.store

    def sleep_past_the_lease(self: sync.Store, *args: Any) -> None:
        with acting_as(account.owner_id):
            MailAccount.objects.for_user(account.owner_id).filter(pk=account.pk).update(lease_until=None)
        assert lease.take(account) is not None
        store(self, *args)

    monkeypatch.setattr(sync.Store, "store", sleep_past_the_lease)
    assert sync.run_unit(account.pk) is False
    assert Email.objects.for_user(account.owner_id).count() == 0


def test_pausing_stops_a_run_at_its_next_batch(
    account: MailAccount, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.append([letter(number) for number in range(3)])
    store = sync.Store.store

    def pause_first(self: sync.Store, *args: Any) -> None:
        mailboxes.pause(account)
        store(self, *args)

    monkeypatch.setattr(sync.Store, "store", pause_first)
    assert sync.run_unit(account.pk) is False
    run = SyncRun.objects.for_user(account.owner_id).get()
    assert (run.stored, run.error) == (0, "paused")


def test_units_are_short_and_the_next_one_goes_on(
    account: MailAccount, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.append([letter(number) for number in range(3)])
    box.append([letter(number) for number in range(3, 6)], "Sent")
    monkeypatch.setattr(sync, "UNIT_SECONDS", 0.0)
    assert sync.run_unit(account.pk) is True
    assert len(mails(account)) == 3
    run = sync_whole(account)
    assert (run.stored, run.wanted) == (6, 6)
    assert run.units >= 2
    assert SyncRun.objects.for_user(account.owner_id).count() == 1


def test_what_keeps_killing_its_worker_is_put_aside(account: MailAccount, box: Any) -> None:
    for _ in range(3):
        MailAccount.objects.for_user(account.owner_id).update(lease_until=None)
        assert lease.take(account) is not None
    MailAccount.objects.for_user(account.owner_id).update(lease_until=None)
    assert sync.run_unit(account.pk) is False
    assert (reload(account).state, reload(account).error) == ("attention", "keeps-failing")


def test_a_list_without_an_inbox_gives_nothing_up(account: MailAccount, box: Any, scripted: Any) -> None:
    for listing in (b"TAG OK done\r\n", b'* LIST () "/" Other\r\nTAG OK done\r\n'):
        odd, _ = scripted({"LIST": listing})
        assert sync_whole(odd).error == "inbox-missing"


def test_a_server_that_closes_in_the_middle_of_a_fetch_leaves_no_half_mail(scripted: Any) -> None:
    half = b"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 400 BODY[] {400}\r\nSubject: cut" + CLOSE
    size = b"* 1 FETCH (UID 1 RFC822.SIZE 400)\r\nTAG OK done\r\n"
    account, _ = scripted(ONE_MAIL | {"UID FETCH": [size, half]})
    assert sync_whole(account).error == "connection-lost"
    assert Email.objects.for_user(account.owner_id).count() == 0
    assert reload(account).failures == 1


def test_a_refusal_without_a_reason_counts_the_second_time(scripted: Any) -> None:
    account, _ = scripted({"AUTHENTICATE": b"TAG NO not now\r\n", "LOGIN": b"TAG NO not now\r\n"})
    assert sync_whole(account).error == "login-refused"
    assert reload(account).state == "active"
    assert sync_whole(account).error == "login-refused"
    assert reload(account).state == "attention"


def test_a_grant_that_does_not_open_is_not_tried_every_15_seconds(
    alice: Reader, account: MailAccount
) -> None:
    Grant.objects.for_user(alice.user).update(wrapped=b"mh1 of a key that is lost, long enough to be one")
    assert sync_whole(account).error == "no-grant"
    next_sync_at = reload(account).next_sync_at
    assert next_sync_at is not None
    assert (next_sync_at - timezone.now()).total_seconds() > 3000


def test_a_task_fails_with_the_code_of_its_run(alice: Reader, account: MailAccount) -> None:
    account.password = alice.vault.seal_secret(account, "password", b"wrong")
    account.save(update_fields=["password"])
    with pytest.raises(TaskFailed, match="login-refused"):
        sync_account(account.pk)
    grants.stop(alice.pk)
    assert sync_account(account.pk) == "done"
