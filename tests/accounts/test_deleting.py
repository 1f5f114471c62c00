"""A mail account comes to its end: keys at once, rows in batches, whatever is killed in between."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import deleting
from accounts.models import ContentKey, MailAccount, SecurityEvent, Transfer
from accounts.sealing import MAGIC, CannotOpen
from accounts.tasks import keep_house, remove_rows
from mail.models import Email, Folder, Message, MessageRef, SyncRun, Thread
from rules.models import Rule
from tags.models import EmailTag
from tests.conftest import Reader
from tests.mail.factories import Mailbox, make_account, make_email, make_emails
from tests.mailhelper.leaving.test_export import rule, tag
from tests.worker import running, wait_for

MODELS = (MailAccount, Folder, Email, Message, MessageRef, Thread, ContentKey, SyncRun, EmailTag, Rule)


def counts(reader: Reader) -> dict[str, int]:
    return {model.__name__: model.objects.for_user(reader.user).count() for model in MODELS}


@pytest.fixture
def box(alice: Reader) -> Mailbox:
    """An account with whatever hangs on one."""
    box = make_account(alice, roles=["sent"])
    emails = make_emails(alice, box.inbox, 30)
    tag(alice, "Tax", 1, *emails[:5])
    rule(alice, "Bills", {}, box.account)
    SyncRun.objects.for_user(alice.user).create(owner=alice.user, account=box.account)
    MessageRef.objects.for_user(alice.user).create(owner=alice.user, email=emails[0], ref=b"x" * 16)
    account = box.account
    account.password = alice.vault.seal_secret(account, "password", b"secret")
    account.save()
    return box


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of ten, one a unit."""
    monkeypatch.setattr(deleting, "_MAILS_AT_ONCE", 10)
    monkeypatch.setattr(deleting, "UNIT_SECONDS", 0.0)
    monkeypatch.setattr("accounts.views.mail_accounts._SECONDS", 0.0)


def test_a_small_account_is_gone_before_the_page_is_there(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    other = make_account(alice, "other@example.org")
    make_email(alice, other.inbox)
    before = counts(alice)
    page = alice_client.post(f"/accounts/{box.account.pk}/delete/", follow=True).content.decode()
    assert "The account and its mail here are gone." in page
    after = counts(alice)
    assert (before["Email"], before["MailAccount"]) == (31, 2)
    gone = {"EmailTag": 0, "Rule": 0, "MessageRef": 0, "SyncRun": 0}
    assert after == {name: 1 for name in before} | gone
    assert SecurityEvent.objects.for_user(alice.user).filter(kind="mail-account-deleted").count() == 1


def test_from_the_first_moment_nothing_of_it_opens(
    alice: Reader, alice_client: Client, box: Mailbox, unhurried: None
) -> None:
    alice_client.post(f"/accounts/{box.account.pk}/delete/")
    account = MailAccount.objects.for_user(alice.user).get()
    assert (account.password, account.token, account.smtp_password) == (None, None, None)
    assert (account.state, account.error) == ("paused", "deleting")
    assert {bytes(row.sealed) for row in ContentKey.objects.for_user(alice.user)} == {MAGIC}
    left = Email.objects.for_user(alice.user).select_related("message")
    assert len(left) == 20
    for email in left:
        with pytest.raises(CannotOpen):
            alice.vault.open(email, "head")
        with pytest.raises(CannotOpen):
            alice.vault.open(email.message, "raw")


def test_its_card_shows_how_far_it_is_and_nothing_else_can_be_done_with_it(
    alice: Reader, alice_client: Client, box: Mailbox, unhurried: None
) -> None:
    pk = box.account.pk
    alice_client.post(f"/accounts/{pk}/delete/")
    page = alice_client.get("/accounts/").content.decode()
    assert "Being deleted · 10 of 30" in page
    for what in ("edit", "delete", "doctor"):
        assert f"/accounts/{pk}/{what}/" not in page
    for what in ("resume", "sync", "pause", "delete"):
        assert alice_client.post(f"/accounts/{pk}/{what}/").status_code == 404
    assert alice_client.get(f"/accounts/{pk}/edit/").status_code == 404
    assert "alice@example.org" not in alice_client.get("/inbox/").content.decode().partition("<main")[2]
    part = f"/accounts/{pk}/progress/"
    assert alice_client.get(part).status_code == 200
    deleting.run(Transfer.objects.for_user(alice.user).get(), 60)
    answer = alice_client.get(part)
    assert (answer.status_code, answer.content) == (286, b"")


def test_a_worker_goes_on_where_another_was_killed(
    alice: Reader, alice_client: Client, box: Mailbox, unhurried: None
) -> None:
    alice_client.post(f"/accounts/{box.account.pk}/delete/")
    work = Transfer.objects.for_user(alice.user).get()
    left = []
    for _ in range(3):
        left.append(Email.objects.for_user(alice.user).count())
        remove_rows(work.pk)
    assert left == [20, 10, 0]
    while not Transfer.objects.for_user(alice.user).exclude(finished_at=None).exists():
        remove_rows(work.pk)
    assert counts(alice) == dict.fromkeys(counts(alice), 0)
    work.refresh_from_db()
    assert (work.done, work.total, work.error) == (30, 30, "")
    remove_rows(work.pk)


def test_what_stands_still_is_rung_for_again(
    alice: Reader, alice_client: Client, box: Mailbox, unhurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(deleting, "queue", rung.append)
    work = deleting.begin(box.account)
    assert work
    keep_house()
    assert rung == []
    Transfer.objects.for_user(alice.user).update(moved_on_at=timezone.now() - timedelta(minutes=3))
    keep_house()
    keep_house()
    assert rung == [work.pk]


def test_a_second_account_waits_for_the_first(
    alice: Reader, alice_client: Client, box: Mailbox, unhurried: None
) -> None:
    other = make_account(alice, "other@example.org", password=b"x")
    alice_client.post(f"/accounts/{box.account.pk}/delete/")
    page = alice_client.post(f"/accounts/{other.account.pk}/delete/", follow=True).content.decode()
    assert "Another account is being deleted. Nothing was changed." in page
    other.account.refresh_from_db()
    assert (other.account.error, other.account.password) == ("", b"x")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_that_is_killed_again_and_again_finishes_it(
    alice: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL in the middle; what its queue lost is rung for by housekeeping."""
    box, other = make_account(alice), make_account(alice, "other@example.org")
    make_email(alice, other.inbox)
    for _ in range(12):
        make_emails(alice, box.inbox, 1000)
    work = deleting.begin(box.account)
    assert work

    def left() -> int:
        return Email.objects.for_user(alice.user).count()

    with running(tmp_path) as worker:
        deleting.queue(work.pk)
        for most in (11_000, 8_000, 4_000):
            wait_for(lambda most=most: left() < most)
            worker.kill()
            worker.start()
            Transfer.objects.for_user(alice.user).update(moved_on_at=timezone.now() - timedelta(minutes=3))
            deleting.queue_left()
        wait_for(lambda: Transfer.objects.for_user(alice.user).exclude(finished_at=None).exists())
    assert counts(alice) == {name: 0 for name in counts(alice)} | {
        "MailAccount": 1, "Folder": 1, "Email": 1, "Message": 1, "Thread": 1, "ContentKey": 1,
    }  # fmt: skip


def test_no_task_is_told_more_than_an_id(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(deleting.current_app, "send_task", lambda *args, **more: sent.append((args, more)))
    deleting.queue(7)
    assert sent == [(("accounts.remove_rows",), {"args": [7], "queue": "bulk"})]
