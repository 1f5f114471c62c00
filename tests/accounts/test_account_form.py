"""The form of a mail account: what it finds, what it asks, and what it lets no password do."""

import html
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import autoconfig, mailboxes, srv
from accounts.mailboxes import ELSEWHERE, Details, Outgoing
from accounts.models import MailAccount
from accounts.networks import parse_networks
from mail.models import Email
from tests.accounts.test_mail_accounts import FORM, only
from tests.conftest import Reader
from tests.mail.factories import make_account as make_mailbox
from tests.mail.factories import make_emails, make_folder
from tests.servers.dns import NameServer
from tests.servers.submission import SubmissionServer

ADD, FIND, TEST = "/accounts/add/", "/accounts/find/", "/accounts/test/"
SENDING = {"smtp_host": "smtp.example.org", "smtp_port": "465", "smtp_security": "tls"}

Make = Callable[..., MailAccount]


@pytest.fixture(autouse=True)
def no_limits(settings: Any) -> None:
    settings.RATELIMIT_ENABLE = False


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    """What the system's DNS knows, and no web."""
    with NameServer() as server:
        monkeypatch.setattr(srv, "system_resolver", server.resolver)
        monkeypatch.setattr(autoconfig, "_files", lambda *_: [])
        yield server


def page(response: Any) -> str:
    return html.unescape(response.content.decode())


# The first step


def test_the_first_step_asks_for_the_address_only(alice_client: Client) -> None:
    text = page(alice_client.get(ADD))
    assert 'name="address"' in text
    assert 'name="host"' not in text


def test_a_known_provider_fills_the_form_and_says_what_it_needs(
    alice: Reader, alice_client: Client, name_server: NameServer
) -> None:
    text = page(alice_client.post(FIND, {"address": "eva@gmx.de"}))
    for value in ("imap.gmx.net", "mail.gmx.net", "eva@gmx.de"):
        assert f'value="{value}"' in text
    assert "from GMX's settings" in text
    assert "Switch on access by POP3 and IMAP" in text
    assert name_server.asked == []
    assert not MailAccount.objects.for_user(alice.user).exists()


def test_what_dns_says_fills_the_form_and_can_be_changed(
    alice_client: Client, name_server: NameServer
) -> None:
    name_server.records = {("_imap._tcp.example.org", "SRV"): ["0 0 143 mail.elsewhere.example."]}
    text = page(alice_client.post(FIND, {"address": "eva@example.org"}))
    assert 'value="mail.elsewhere.example"' in text
    assert 'value="143"' in text
    assert "from DNS" in text
    assert "does not belong to example.org" in text
    assert f'action="{ADD}"' in text


def test_where_nothing_is_found_it_says_whom_to_ask(alice_client: Client, name_server: NameServer) -> None:
    text = page(alice_client.post(FIND, {"address": "eva@example.org"}))
    assert "Nothing was found for example.org. Ask your provider" in text


def test_by_hand_nobody_is_asked(alice_client: Client, name_server: NameServer) -> None:
    text = page(alice_client.post(FIND, {"address": "eva@example.org", "by_hand": "1"}))
    assert 'value="eva@example.org"' in text
    assert name_server.asked == []


@pytest.mark.parametrize("address", ["", "eva", "eva@", "@example.org", "e va@example.org", "a@b\r\nc"])
def test_what_is_no_address_is_refused(alice_client: Client, name_server: NameServer, address: str) -> None:
    assert alice_client.post(FIND, {"address": address}).status_code == 422
    assert name_server.asked == []


def test_a_get_of_the_look_up_goes_to_the_first_step(alice_client: Client) -> None:
    assert alice_client.get(FIND).headers["Location"] == ADD


# Ports and encryption


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"port": "993", "security": "starttls"}, "Port 993 is for TLS."),
        ({"port": "143"}, "Port 143 is for STARTTLS."),
        ({**SENDING, "smtp_port": "587"}, "Port 587 is for STARTTLS."),
        ({**SENDING, "smtp_security": "starttls"}, "Port 465 is for TLS."),
        ({**SENDING, "smtp_port": "25"}, "at port 465 or 587"),
        ({**SENDING, "smtp_host": "no spaces"}, "no name of a server"),
        ({**SENDING, "smtp_username": "a\r\nb"}, "one line"),
        ({"since": "2999-01-01"}, "still to come"),
        ({"since": "yesterday"}, "valid date"),
        ({"left_out": "inbox"}, "inbox cannot be left out"),
        ({"left_out": "x" * 600}, "more or longer names"),
    ],
)
def test_what_does_not_fit_together_is_told(
    alice: Reader, alice_client: Client, values: dict[str, str], words: str
) -> None:
    response = alice_client.post(ADD, {**FORM, **values})
    assert response.status_code == 422
    assert words in page(response)
    assert not MailAccount.objects.for_user(alice.user).exists()


def test_everything_is_sealed_as_it_was_typed(alice: Reader, alice_client: Client) -> None:
    values = {
        **FORM, **SENDING, "smtp_username": "sender", "smtp_own": "on", "smtp_password": "for sending",
        "since": "2026-01-31", "left_out": "Lists/Announcements\r\n\r\n Old \r\nOld",
    }  # fmt: skip
    assert alice_client.post(ADD, values).status_code == 302
    row = only(alice)
    details = mailboxes.read(alice.vault, row)
    assert details.smtp == Outgoing("smtp.example.org", 465, "tls", "sender", own_password=True)
    assert mailboxes.smtp_password_of(alice.vault, row) == "for sending"
    assert details.since == date(2026, 1, 31)
    assert details.left_out == ("Lists/Announcements", "Old")
    for column in (row.smtp_host, row.smtp_username, row.smtp_password, row.left_out):
        assert b"example" not in bytes(column)
    shown = page(alice_client.get(f"/accounts/{row.pk}/edit/"))
    assert 'value="2026-01-31"' in shown
    assert "Lists/Announcements" in shown
    assert 'value="for sending"' not in shown


def test_sending_uses_what_imap_does_unless_told(alice: Reader, alice_client: Client) -> None:
    alice_client.post(ADD, {**FORM, "smtp_host": "smtp.example.org", "smtp_security": "starttls"})
    row = only(alice)
    assert (row.smtp_port, row.smtp_username, row.smtp_password) == (587, None, None)
    server = mailboxes.read(alice.vault, row).smtp_server(mailboxes.smtp_password_of(alice.vault, row))
    assert server is not None
    assert (server.username, server.password) == ("alice", "first secret")


# What is stored goes nowhere else


@pytest.fixture
def sending(alice: Reader, make_account: Make) -> MailAccount:
    """An account that sends with IMAP's password."""
    return make_account(alice, smtp=Outgoing("smtp.example.org", 465, "tls"))


def edited(client: Client, row: MailAccount, **values: str) -> Any:
    return client.post(f"/accounts/{row.pk}/edit/", {**FORM, "password": "", **SENDING, **values})


MOVES = [
    {"smtp_host": "smtp.evil.example"},
    {"smtp_port": "587", "smtp_security": "starttls"},
    {"smtp_username": "mallory"},
]


@pytest.mark.parametrize("values", MOVES)
def test_another_server_for_sending_asks_for_the_password_again(
    alice: Reader, alice_client: Client, sending: MailAccount, values: dict[str, str]
) -> None:
    response = edited(alice_client, sending, **values)
    assert response.status_code == 422
    assert "The server for sending has changed" in page(response)
    assert edited(alice_client, sending, **values, password="second secret").status_code == 302
    assert mailboxes.smtp_password_of(alice.vault, only(alice)) == "second secret"


def test_the_first_server_for_sending_asks_for_it_too(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    assert edited(alice_client, make_account(alice)).status_code == 422


def test_the_stored_password_is_not_tested_at_another_server_for_sending(
    alice_client: Client, sending: MailAccount, settings: Any
) -> None:
    with SubmissionServer() as trap:
        settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{trap.port}"])
        values = {
            **FORM, "password": "", "account": str(sending.pk), "smtp_host": "127.0.0.1",
            "smtp_port": str(trap.port), "smtp_security": "none",
        }  # fmt: skip
        text = page(alice_client.post(TEST, values, headers={"HX-Request": "true"}))
        assert "The server for sending has changed" in text
        assert trap.connections == 0


def test_a_password_of_its_own_is_wiped_on_its_own(alice: Reader, make_account: Make) -> None:
    row = make_account(alice, smtp=Outgoing("smtp.example.org", 465, "tls"))
    before = mailboxes.read(alice.vault, row)
    own = Outgoing("smtp.example.org", 465, "tls", own_password=True, password="for sending")
    mailboxes.change(alice.vault, row, changed(before, own))
    assert mailboxes.smtp_password_of(alice.vault, only(alice)) == "for sending"
    away = Outgoing("smtp.evil.example", 465, "tls", own_password=True)
    mailboxes.change(alice.vault, only(alice), changed(before, away))
    row = only(alice)
    assert mailboxes.smtp_password_of(alice.vault, row) == ""
    assert mailboxes.password_of(alice.vault, row) == "first secret"
    stored = mailboxes.read(alice.vault, row).smtp
    assert stored is not None
    assert not stored.has_password


def test_below_the_form_no_shared_password_goes_to_another_server_either(
    alice: Reader, sending: MailAccount
) -> None:
    before = mailboxes.read(alice.vault, sending)
    mailboxes.change(alice.vault, sending, changed(before, Outgoing("smtp.evil.example", 465, "tls")))
    assert mailboxes.smtp_password_of(alice.vault, only(alice)) == ""


def changed(details: Details, smtp: Outgoing) -> Details:
    return Details(
        details.name, details.address, details.host, details.port, details.security, details.username,
        smtp=smtp,
    )  # fmt: skip


def test_another_place_wipes_the_token_too(alice: Reader, make_account: Make) -> None:
    row = make_account(alice)
    token = alice.vault.seal_secret(row, "token", b"{}")
    MailAccount.objects.for_user(alice.user).update(auth="google", token=token, password=None)
    moved = Details("x", "y", "imap.evil.example", 993, "tls", "alice")
    mailboxes.change(alice.vault, only(alice), moved)
    after = only(alice)
    assert (after.auth, after.token, after.password) == ("password", None, None)


def test_a_token_is_for_its_providers_servers(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    row = make_account(alice, host="imap.gmail.com")
    token = alice.vault.seal_secret(row, "token", b"{}")
    MailAccount.objects.for_user(alice.user).update(auth="google", token=token, password=None)
    response = edited(alice_client, row, host="imap.gmail.com", smtp_host="smtp.evil.example")
    assert response.status_code == 422
    assert "is of no use there" in page(response)
    assert edited(alice_client, row, host="imap.gmail.com", smtp_host="smtp.gmail.com").status_code == 302
    after = only(alice)
    assert (after.auth, after.smtp_password) == ("google", None)
    assert after.token is not None


# Mail that is here


def moved(box: Any, **values: str) -> dict[str, str]:
    address = "alice@example.org"
    return {
        **FORM, "name": address, "host": "imap.elsewhere.example", "username": address,
        "password": "for the new one", **values,
    }  # fmt: skip


def test_a_move_asks_what_becomes_of_the_mail_that_is_here(alice: Reader, alice_client: Client) -> None:
    box = make_mailbox(alice)
    make_emails(alice, box.inbox, 3)
    path = f"/accounts/{box.account.pk}/edit/"
    response = alice_client.post(path, moved(box))
    assert response.status_code == 422
    text = page(response)
    assert "What is to become of the 3 mails that are here?" in text
    assert 'value="for the new one"' in text
    assert mailboxes.read(alice.vault, only(alice)).host == "imap.example.org"


def test_mail_is_kept_where_the_reader_says_so(alice: Reader, alice_client: Client) -> None:
    box = make_mailbox(alice)
    make_emails(alice, box.inbox, 3)
    path = f"/accounts/{box.account.pk}/edit/"
    assert alice_client.post(path, moved(box, mail_here="keep")).status_code == 302
    assert Email.objects.for_user(alice.user).filter(uidvalidity=ELSEWHERE).count() == 3
    assert mailboxes.read(alice.vault, only(alice)).host == "imap.elsewhere.example"


def test_mail_is_deleted_where_the_reader_says_so(alice: Reader, alice_client: Client) -> None:
    box = make_mailbox(alice)
    make_emails(alice, box.inbox, 3)
    path = f"/accounts/{box.account.pk}/edit/"
    assert alice_client.post(path, moved(box, mail_here="delete")).status_code == 302
    assert not Email.objects.for_user(alice.user).exists()
    assert only(alice).state == "active"


def test_a_word_about_mail_without_a_move_deletes_nothing(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    row = make_account(alice)
    inbox = make_folder(alice, row, "INBOX", "inbox")
    make_emails(alice, inbox, 2)
    path = f"/accounts/{row.pk}/edit/"
    assert alice_client.post(path, {**FORM, "password": "", "mail_here": "delete"}).status_code == 302
    assert Email.objects.for_user(alice.user).count() == 2


# Folders and dates


def test_known_folders_are_boxes_and_others_are_typed(alice: Reader, alice_client: Client) -> None:
    box = make_mailbox(alice, roles=["archive"])
    text = page(alice_client.get(f"/accounts/{box.account.pk}/edit/"))
    assert 'type="checkbox" name="left_out" value="Archive"' in text
    assert 'value="Inbox"' not in text
    values = stored(box, left_out=["Archive"], password="secret")
    assert alice_client.post(f"/accounts/{box.account.pk}/edit/", values).status_code == 302
    text = page(alice_client.get(f"/accounts/{box.account.pk}/edit/"))
    assert "checked" in text
    assert mailboxes.left_out(alice.vault, only(alice)) == {"Archive"}


def stored(box: Any, **values: Any) -> dict[str, Any]:
    address = "alice@example.org"
    values = {"password": "", "name": address, "username": address, **values}
    return {**FORM, **values}


@pytest.mark.parametrize("ticked", [True, False])
def test_mail_of_folders_left_out_goes_only_where_it_is_ticked(
    alice: Reader, alice_client: Client, ticked: bool
) -> None:
    box = make_mailbox(alice, roles=["archive"])
    make_emails(alice, box.inbox, 2)
    make_emails(alice, box.folder("archive"), 3)
    MailAccount.objects.for_user(alice.user).update(
        password=alice.vault.seal_secret(box.account, "password", b"secret")
    )
    more = {"drop_left_out": "on"} if ticked else {}
    path = f"/accounts/{box.account.pk}/edit/"
    assert alice_client.post(path, stored(box, left_out=["Archive"], **more)).status_code == 302
    assert Email.objects.for_user(alice.user).count() == (2 if ticked else 5)


def test_a_change_of_the_date_lists_every_folder_anew(
    alice: Reader, alice_client: Client, make_account: Make
) -> None:
    row = make_account(alice)
    folder = make_folder(alice, row, "INBOX", "inbox", uidvalidity=7, uidnext=9, exists=3, highestmodseq=2)
    yesterday = timezone.localdate() - timedelta(days=1)
    path = f"/accounts/{row.pk}/edit/"
    assert alice_client.post(path, {**FORM, "password": "", "since": str(yesterday)}).status_code == 302
    folder.refresh_from_db()
    assert (folder.uidvalidity, folder.uidnext, folder.exists) == (7, None, None)
    after = only(alice)
    assert (after.since, after.fence) == (yesterday, row.fence + 1)


# The test of both


def test_both_servers_are_tested(alice_client: Client, serve: Callable[..., Any], settings: Any) -> None:
    imap = serve()
    with SubmissionServer() as smtp:
        settings.ALLOWED_MAIL_NETWORKS = parse_networks(
            [f"127.0.0.1/32:{imap.port}", f"127.0.0.1/32:{smtp.port}"]
        )
        values = {
            **FORM, "host": "127.0.0.1", "port": str(imap.port), "security": "none",
            "smtp_host": "127.0.0.1", "smtp_port": str(smtp.port), "smtp_security": "none",
        }  # fmt: skip
        text = page(alice_client.post(TEST, values, headers={"HX-Request": "true"}))
        assert "The connection works." in text
        assert "Sending would work." in text
        assert [line.split()[0].upper() for line in smtp.commands] == [b"EHLO", b"AUTH", b"QUIT"]
        smtp.script["AUTH"] = b"535 no\r\n"
        text = page(alice_client.post(TEST, values, headers={"HX-Request": "true"}))
        assert "The connection works." in text
        assert "Sending would fail." in text
