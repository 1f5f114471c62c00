"""Mail accounts: added, changed, paused, resumed, synced and deleted by their owner and nobody else."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import grants, mailboxes, overview
from accounts.models import ContentKey, Grant, MailAccount
from accounts.networks import parse_networks
from accounts.ownership import acting_as_operator
from accounts.sealing import MAGIC, CannotOpen
from accounts.signals import sync_wanted
from mail.models import Email, SyncRun
from tests.conftest import Reader
from tests.mail.factories import make_account as make_mailbox
from tests.mail.factories import make_emails

LIST, ADD = "/accounts/", "/accounts/add/"
FORM = {
    "name": "Work",
    "address": "alice@example.org",
    "host": "imap.example.org",
    "port": "993",
    "security": "tls",
    "username": "alice",
    "password": "first secret",
    "sync_every": "300",
}

Make = Callable[..., MailAccount]


@pytest.fixture
def wanted() -> Iterator[list[tuple[int, int]]]:
    """Accounts for which a sync was asked, with their owners."""
    heard: list[tuple[int, int]] = []

    def listen(sender: object, account: int, owner: int, **more: object) -> None:
        heard.append((account, owner))

    sync_wanted.connect(listen)
    yield heard
    sync_wanted.disconnect(listen)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here should reach a worker: other receivers of the signal are left out."""
    monkeypatch.setattr(sync_wanted, "receivers", [])
    sync_wanted.sender_receivers_cache.clear()


def only(reader: Reader) -> MailAccount:
    return MailAccount.objects.for_user(reader.user).get()


def test_adding_seals_what_was_typed_and_begins_the_first_sync(
    alice: Reader, alice_client: Client, wanted: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert alice_client.post(ADD, FORM).headers["Location"] == LIST
    row = only(alice)
    details = mailboxes.read(alice.vault, row)
    assert (details.name, details.host, details.port, details.username) == (
        "Work",
        "imap.example.org",
        993,
        "alice",
    )
    assert mailboxes.password_of(alice.vault, row) == "first secret"
    for column in (row.name, row.address, row.host, row.username, row.password):
        assert bytes(column).startswith(MAGIC)
    assert row.next_sync_at <= timezone.now()
    assert wanted == [(row.pk, alice.pk)]


def test_the_list_shows_opened_names_and_no_password(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    make_account(alice)
    page = alice_client.get(LIST).content.decode()
    assert "Work" in page
    assert "alice@example.org" in page
    assert "first secret" not in page


def test_an_account_without_a_name_is_called_by_its_address(alice: Reader, alice_client: Client) -> None:
    alice_client.post(ADD, {**FORM, "name": ""})
    assert mailboxes.read(alice.vault, only(alice)).name == "alice@example.org"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("host", "no spaces.example", "no name of a server"),
        ("host", "user@imap.example.org", "no name of a server"),
        ("host", "", "required"),
        ("port", "25", "must be listed by the operator"),
        ("port", "0", "greater than or equal to 1"),
        ("port", "70000", "less than or equal to 65535"),
        ("port", "imap", "whole number"),
        ("security", "none", "not one of the available choices"),
        ("security", "auto", "not one of the available choices"),
        ("username", "", "required"),
        ("username", "alice\r\nA1 LOGOUT", "one line"),
        ("password", "", "required"),
        ("password", "a\r\nb", "one line"),
        ("password", "a\0b", "Null characters"),
        ("sync_every", "1", "not one of the available choices"),
    ],
)
def test_what_cannot_be_is_refused_in_the_form(
    alice: Reader, alice_client: Client, field: str, value: str, words: str
) -> None:
    response = alice_client.post(ADD, {**FORM, field: value})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not MailAccount.objects.for_user(alice.user).exists()


def test_a_port_that_the_operator_lists_is_taken(alice: Reader, alice_client: Client, settings: Any) -> None:
    settings.ALLOWED_MAIL_NETWORKS = parse_networks(["127.0.0.1/32:4143"])
    values = {**FORM, "host": "127.0.0.1", "port": "4143", "security": "none"}
    assert alice_client.post(ADD, values).status_code == 302
    assert only(alice).security == "none"


def test_the_form_shows_what_is_stored_but_the_password(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    row = make_account(alice)
    page = alice_client.get(f"/accounts/{row.pk}/edit/").content.decode()
    assert 'value="imap.example.org"' in page
    assert "first secret" not in page


def test_a_change_of_the_name_keeps_the_password(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    row = make_account(alice)
    values = {**FORM, "name": "Office", "password": ""}
    assert alice_client.post(f"/accounts/{row.pk}/edit/", values).status_code == 302
    row = only(alice)
    assert mailboxes.read(alice.vault, row).name == "Office"
    assert mailboxes.password_of(alice.vault, row) == "first secret"


MOVES = [
    {"host": "imap.elsewhere.example"},
    {"port": "143", "security": "starttls"},
    {"host": "imap.elsewhere.example", "username": "alice@elsewhere.example"},
    {"username": "bob"},
]


@pytest.mark.parametrize("move", MOVES)
def test_another_place_asks_for_the_password_again(
    alice: Reader, alice_client: Client, make_account: Make, move: dict[str, str]
) -> None:
    row = make_account(alice)
    response = alice_client.post(f"/accounts/{row.pk}/edit/", {**FORM, "password": "", **move})
    assert response.status_code == 422
    assert "enter the password again" in response.content.decode()
    assert mailboxes.read(alice.vault, only(alice)).place == mailboxes.read(alice.vault, row).place


@pytest.mark.parametrize("move", MOVES)
def test_another_place_with_a_new_password_overtakes_the_run(
    alice: Reader, alice_client: Client, make_account: Make, move: dict[str, str]
) -> None:
    row = make_account(alice)
    values = {**FORM, "password": "second secret", **move}
    assert alice_client.post(f"/accounts/{row.pk}/edit/", values).status_code == 302
    after = only(alice)
    assert mailboxes.password_of(alice.vault, after) == "second secret"
    assert after.fence == row.fence + 1


def test_the_password_is_wiped_where_none_came_with_another_place(alice: Reader, make_account: Make) -> None:
    row = make_account(alice)
    details = mailboxes.read(alice.vault, row)
    moved = mailboxes.Details("x", "y", "other.example", 993, "tls", details.username)
    mailboxes.change(alice.vault, row, moved)
    assert only(alice).password is None


def test_a_wiped_password_must_be_entered(alice: Reader, alice_client: Client, make_account: Make) -> None:
    row = make_account(alice)
    MailAccount.objects.for_user(alice.user).update(password=None)
    response = alice_client.post(f"/accounts/{row.pk}/edit/", {**FORM, "password": ""})
    assert response.status_code == 422
    assert "No password is stored" in response.content.decode()


def test_a_change_wakes_an_account_that_waited_for_it(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    row = make_account(alice)
    MailAccount.objects.for_user(alice.user).update(
        state="attention", error="login-refused", failures=2, next_sync_at=None
    )
    alice_client.post(f"/accounts/{row.pk}/edit/", {**FORM, "password": "right at last"})
    after = only(alice)
    assert (after.state, after.error, after.failures) == ("active", "", 0)
    assert after.next_sync_at is not None


def test_pausing_and_resuming(
    alice: Reader,
    alice_client: Client,
    make_account: Make,
    wanted: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    row = make_account(alice)
    assert alice_client.post(f"/accounts/{row.pk}/pause/").headers["Location"] == LIST
    assert only(alice).state == "paused"
    page = alice_client.get(LIST).content.decode()
    assert "Resume" in page
    assert "Sync now" not in page
    with django_capture_on_commit_callbacks(execute=True):
        alice_client.post(f"/accounts/{row.pk}/resume/")
    assert only(alice).state == "active"
    assert wanted == [(row.pk, alice.pk)]


def test_sync_now_asks_for_a_sync(
    alice: Reader,
    alice_client: Client,
    make_account: Make,
    wanted: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    row = make_account(alice)
    MailAccount.objects.for_user(alice.user).update(next_sync_at=None)
    with django_capture_on_commit_callbacks(execute=True):
        alice_client.post(f"/accounts/{row.pk}/sync/")
    assert only(alice).next_sync_at is not None
    assert wanted == [(row.pk, alice.pk)]


def test_sync_now_leaves_a_paused_account_paused(
    alice: Reader, alice_client: Client, make_account: Make, wanted: list[Any]
) -> None:
    row = make_account(alice)
    alice_client.post(f"/accounts/{row.pk}/pause/")
    alice_client.post(f"/accounts/{row.pk}/sync/")
    assert only(alice).state == "paused"
    assert wanted == []


def test_a_listener_that_fails_does_not_break_the_page(
    alice: Reader, alice_client: Client, make_account: Make, django_capture_on_commit_callbacks: Any
) -> None:
    row = make_account(alice)

    def broken(**more: object) -> None:
        raise ConnectionError

    sync_wanted.connect(broken)
    with django_capture_on_commit_callbacks(execute=True):
        response = alice_client.post(f"/accounts/{row.pk}/sync/")
    sync_wanted.disconnect(broken)
    assert response.status_code == 302


def test_deleting_asks_first_and_then_destroys(alice: Reader, alice_client: Client) -> None:
    box = make_mailbox(alice)
    make_emails(alice, box.inbox, 3)
    other = make_mailbox(alice, "other@example.org")
    make_emails(alice, other.inbox, 2)
    path = f"/accounts/{box.account.pk}/delete/"
    assert "3 mails" in alice_client.get(path).content.decode()
    assert MailAccount.objects.for_user(alice.user).count() == 2
    assert alice_client.post(path).headers["Location"] == LIST
    assert only(alice) == other.account
    mails = Email.objects.for_user(alice.user)
    assert mails.count() == 2
    used = set(mails.values_list("content_key", flat=True))
    assert set(ContentKey.objects.for_user(alice.user).values_list("pk", flat=True)) == used


def test_the_keys_go_before_the_mail(alice: Reader) -> None:
    box = make_mailbox(alice)
    email = make_emails(alice, box.inbox, 1)[0]
    mailboxes._stop(box.account)
    mailboxes._shred(box.account, lambda: mailboxes._mails(box.account))
    with pytest.raises(CannotOpen):
        alice.vault.open(Email.objects.for_user(alice.user).get(pk=email.pk), "head")
    assert only(alice).state == "paused"


def test_gone_mail_may_go_or_stays(alice: Reader, alice_client: Client) -> None:
    box = make_mailbox(alice)
    make_emails(alice, box.inbox, 2, missing_since=timezone.now())
    row = MailAccount.objects.for_user(alice.user)
    row.update(error=overview.ASKS_GONE)
    page = alice_client.get(LIST).content.decode()
    assert "2 mails are gone from the server" in page
    path = f"/accounts/{box.account.pk}/resume/"
    alice_client.post(path, {"gone": "keep"})
    assert only(alice).gone_accepted_at is None
    assert only(alice).error == ""
    row.update(error=overview.ASKS_GONE)
    alice_client.post(path, {"gone": "accept"})
    assert only(alice).gone_accepted_at is not None


PATHS = ["edit", "delete", "pause", "resume", "sync", "progress"]


@pytest.mark.parametrize("what", PATHS)
def test_others_find_nothing(alice: Reader, charlie_client: Client, make_account: Make, what: str) -> None:
    row = make_account(alice)
    path = f"/accounts/{row.pk}/{what}/"
    if what in ("edit", "delete", "progress"):
        assert charlie_client.get(path).status_code == 404
    if what != "progress":
        assert charlie_client.post(path, FORM).status_code == 404
    assert only(alice).state == "active"


@pytest.mark.parametrize("what", ["pause", "resume", "sync"])
def test_acts_reject_get(alice: Reader, alice_client: Client, make_account: Make, what: str) -> None:
    row = make_account(alice)
    assert alice_client.get(f"/accounts/{row.pk}/{what}/").status_code == 405


@pytest.mark.parametrize("path", [LIST, ADD, "/accounts/test/", "/accounts/1/edit/"])
def test_visitors_are_sent_to_sign_in(visitor: Client, db: None, path: str) -> None:
    assert visitor.get(path).headers["Location"].startswith("/sign-in/")


def test_progress_shows_the_run_and_stops_asking_after_it(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    row = make_account(alice)
    later = timezone.now() + timezone.timedelta(minutes=5)
    mine = MailAccount.objects.for_user(alice.user)
    mine.update(next_sync_at=later, queued_at=None)
    run = SyncRun.objects.for_user(alice.user).create(owner=alice.user, account=row, wanted=200, stored=50)
    path = f"/accounts/{row.pk}/progress/"
    response = alice_client.get(path, headers={"HX-Request": "true"})
    assert response.status_code == 200
    page = response.content.decode()
    assert "<html" not in page
    assert "50 of 200" in page
    assert f'hx-get="{path}"' in page
    run.finished_at = timezone.now()
    run.save()
    response = alice_client.get(path)
    assert response.status_code == 286
    assert "hx-get" not in response.content.decode()
    assert "just now: 50 new" in response.content.decode()


def test_an_account_that_is_due_shows_that_it_begins(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    make_account(alice)
    assert "counting mails" in alice_client.get(LIST).content.decode()


def test_without_a_grant_the_account_waits_and_that_is_no_error(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    make_account(alice)
    Grant.objects.for_user(alice.user).delete()
    page = alice_client.get(LIST).content.decode()
    assert "Paused: sign in or allow background sync" in page
    assert "counting mails" not in page


def test_errors_are_told_in_words(alice: Reader, alice_client: Client, make_account: Make) -> None:
    make_account(alice)
    mine = MailAccount.objects.for_user(alice.user)
    mine.update(state="attention", error="login-refused", next_sync_at=None)
    page = alice_client.get(LIST).content.decode()
    assert "The server refused the password." in page
    assert "login-refused" not in page
    mine.update(
        state="active", error="server-busy", next_sync_at=timezone.now() + timezone.timedelta(seconds=130)
    )
    page = alice_client.get(LIST).content.decode()
    assert "Trying again" in page
    assert "Next try in 2 min." in page


def test_the_list_costs_as_many_queries_for_each_account(
    alice: Reader, alice_client: Client, make_account: Make, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        make_account(alice)
    with django_assert_max_num_queries(40):
        alice_client.get(LIST)


def test_the_table_of_an_operator_holds_no_name(alice: Reader, make_account: Make) -> None:
    make_account(alice)
    with acting_as_operator("a test"):
        row = MailAccount.unscoped.values().get()
    assert not any(
        b"example" in bytes(value) for value in row.values() if isinstance(value, bytes | memoryview)
    )
    assert grants.live(alice.pk).count() == 0


def test_a_form_that_is_sent_twice_makes_one_account(alice: Reader) -> None:
    details = mailboxes.Details("Work", "a@example.org", "imap.example.org", 993, "tls", "alice", "secret")
    first, second = mailboxes.add(alice.vault, details), mailboxes.add(alice.vault, details)
    assert first.pk == second.pk
    MailAccount.objects.for_user(alice.user).update(made_at=timezone.now() - timedelta(minutes=1))
    assert mailboxes.add(alice.vault, details).pk != first.pk
