"""Queries and opening, below the pages."""

import logging
from datetime import timedelta

import pytest
import zstandard
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.ids import draw_id
from accounts.models import ContentKey
from mail import lists, reading
from mail.lists import Filters
from mail.models import Email, Folder, Message
from mail.reading import Damaged
from tests.conftest import Reader
from tests.mail.factories import Mailbox, letter, make_account, make_email, make_emails, make_folder


@pytest.fixture
def box(alice: Reader) -> Mailbox:
    return make_account(alice, roles=["sent"])


def test_what_was_stored_opens_again(alice: Reader, box: Mailbox) -> None:
    raw = letter("Grüße\n", subject="Ein Brief")
    email = make_email(alice, box.inbox, raw)
    head = reading.open_heads(alice.vault, [email])[email.pk]
    assert head is not None
    assert (head.subject, head.sender.email) == ("Ein Brief", "erika@example.net")
    assert reading.open_message(alice.vault, email) == raw


def test_content_keys_of_a_page_are_fetched_at_once(alice: Reader, box: Mailbox) -> None:
    emails = [make_email(alice, box.inbox) for _ in range(5)]
    alice.vault._content.clear()
    with CaptureQueriesContext(connection) as queries:
        heads = reading.open_heads(alice.vault, emails)
    assert all(heads.values())
    assert len(queries) == 1


def test_another_reader_opens_nothing(
    alice: Reader, bob: Reader, box: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    email = make_email(alice, box.inbox)
    with caplog.at_level(logging.ERROR):
        assert reading.open_heads(bob.vault, [email]) == {email.pk: None}
    with pytest.raises(Damaged):
        reading.open_message(bob.vault, email)
    assert "A letter" not in caplog.text


def test_another_reader_finds_nothing(alice: Reader, bob: Reader, box: Mailbox) -> None:
    make_email(alice, box.inbox, urgency=3, importance=3)
    boxes = reading.mailboxes(alice.vault)
    assert reading.mailboxes(bob.vault).accounts == ()
    assert not reading.listed(bob.pk, boxes, Filters())
    assert reading.cell_counts(bob.pk, boxes.inboxes()) == {}
    assert reading.cell_mails(bob.pk, boxes.inboxes(), 3) == []


def test_a_small_envelope_that_unpacks_to_a_flood_is_damaged(
    alice: Reader, box: Mailbox, settings: object
) -> None:
    settings.MAIL_MAX_BYTES = 1_000_000  # type: ignore[attr-defined]
    email = make_email(alice, box.inbox)
    batch = ContentKey(pk=draw_id(ContentKey), owner=alice.user)
    key = alice.vault.new_content_key(batch)
    batch.save(force_insert=True)
    message = Message.objects.for_user(alice.user).get(pk=email.pk)
    message.raw = alice.vault.seal(key, message, "raw", zstandard.compress(b"0" * 50_000_000))
    message.save()
    with pytest.raises(Damaged):
        reading.open_message(alice.vault, email)


def test_bytes_that_are_no_archive_are_damaged(alice: Reader, box: Mailbox) -> None:
    email = make_email(alice, box.inbox)
    batch = ContentKey(pk=draw_id(ContentKey), owner=alice.user)
    key = alice.vault.new_content_key(batch)
    batch.save(force_insert=True)
    message = Message.objects.for_user(alice.user).get(pk=email.pk)
    message.raw = alice.vault.seal(key, message, "raw", b"not packed")
    message.save()
    with pytest.raises(Damaged):
        reading.open_message(alice.vault, email)


def test_folders_come_inbox_first_with_their_counts(alice: Reader, box: Mailbox) -> None:
    make_folder(alice, box.account, "Zürich", "other")
    make_folder(alice, box.account, "Äpfel", "other")
    make_folder(alice, box.account, "Gone", "other", missing_since=timezone.now())
    make_folder(alice, box.account, "Parent", "other", selectable=False)
    make_emails(alice, box.inbox, 3, seen=False)
    make_emails(alice, box.inbox, 2, seen=True, done_at=timezone.now())
    (account,) = reading.mailboxes(alice.vault).accounts
    assert [folder.name for folder in account.folders] == ["Inbox", "Sent", "Zürich", "Äpfel"]
    assert (account.folders[0].unread, account.folders[0].open, account.open) == (3, 3, 3)


def test_two_folders_of_a_kind_keep_the_names_of_the_server(alice: Reader, box: Mailbox) -> None:
    make_folder(alice, box.account, "Sent Items", "sent")
    (account,) = reading.mailboxes(alice.vault).accounts
    assert [folder.name for folder in account.folders] == ["Inbox", "Sent", "Sent Items"]


def test_counts_stop(alice: Reader, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    make_emails(alice, box.inbox, 12)
    monkeypatch.setattr(reading, "COUNT_TO", 10)
    assert reading.mailboxes(alice.vault).accounts[0].open == 10
    emails = Email.objects.for_user(alice.user)
    assert (reading.count_up_to(emails, 11), reading.count_up_to(emails, 12)) == (12, 12)


def test_mailboxes_cost_three_queries_whatever_they_hold(alice: Reader, box: Mailbox) -> None:
    for number in range(10):
        make_folder(alice, box.account, f"Folder {number}")
    make_account(alice, "second@example.org", roles=["sent", "trash"])
    with CaptureQueriesContext(connection) as queries:
        reading.mailboxes(alice.vault)
    assert len(queries) == 3


def test_a_name_that_does_not_open_spoils_no_other(alice: Reader, box: Mailbox) -> None:
    folder = make_folder(alice, box.account, "Private")
    Folder.objects.for_user(alice.user).filter(pk=folder.pk).update(name=box.inbox.name)
    (account,) = reading.mailboxes(alice.vault).accounts
    assert {one.name for one in account.folders} == {"Inbox", "Sent", "?"}


def test_cells_give_the_newest_of_each(alice: Reader, box: Mailbox) -> None:
    for urgency in (1, 3):
        make_emails(alice, box.inbox, 4, urgency=urgency, importance=2)
    with CaptureQueriesContext(connection) as queries:
        found = reading.cell_mails(alice.pk, [box.inbox.pk], 2)
    assert len(queries) == 1
    assert [(email.urgency, email.importance) for email in found] == [(3, 2)] * 2 + [(1, 2)] * 2
    assert found[0].received_at > found[1].received_at


def test_a_page_walks_an_index(alice: Reader, box: Mailbox) -> None:
    make_emails(alice, box.inbox, 30)
    boxes = reading.mailboxes(alice.vault)
    emails = reading.listed(alice.pk, boxes, Filters(folder=box.inbox.pk))
    cursor = lists.Cursor(timezone.now() - timedelta(minutes=10), 1)
    with connection.cursor() as db:
        db.execute("SET LOCAL enable_seqscan = off")
        db.execute("SET LOCAL enable_sort = off")
    plan = lists.older_than(emails, cursor)[:51].explain()
    assert "email_folder_newest" in plan
    assert "Sort" not in plan
