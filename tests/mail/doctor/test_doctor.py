"""The connection doctor: what it finds at real and odd servers, in words, and nothing secret among them."""

import html
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import mailboxes
from accounts.connections import Server
from accounts.mailboxes import Outgoing
from accounts.models import MailAccount
from accounts.networks import parse_networks
from mail.doctor import imap, sending
from mail.doctor.report import Section, quoted
from mail.models import SyncRun
from tests.conftest import Reader, sign_in
from tests.mail.mailboxes import account_at
from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import server_context
from tests.servers.scripted import flood
from tests.servers.submission import SubmissionServer

PASSWORD = "a very secret one"


@pytest.fixture(autouse=True)
def no_limits(settings: Any) -> None:
    settings.RATELIMIT_ENABLE = False


def allow(*servers: Any) -> Any:
    return parse_networks([f"127.0.0.1/32:{server.port}" for server in servers])


def at(server: Any, security: Any = "none", host: str = "127.0.0.1", port: int = 0) -> Server:
    return Server(host, port or server.port, security, "alice", PASSWORD)


def told(sections: list[Section]) -> dict[str, Any]:
    """Checks by their names."""
    return {check.name: check for section in sections for check in section.checks}


# At servers


@pytest.mark.dovecot
def test_at_dovecot_all_is_well(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.authority.path))
    allowed = parse_networks([f"127.0.0.1/32:{dovecot.tls_port}", f"[::1]:{dovecot.tls_port}"])
    server = Server("localhost", dovecot.tls_port, "tls", "alice", "pass word")
    sections = imap.examine(server, allowed)
    checks = told(sections)
    assert {section.worst for section in sections} <= {"ok", "note"}
    assert checks["Encryption"].text.startswith("TLSv1.")
    assert "Issued by Test authority, valid until" in checks["Certificate"].text
    assert checks["Certificate"].state == "ok"
    assert "CONDSTORE" in " ".join(checks)
    assert checks["Sent"].quote == "Sent"
    assert checks["Second connection"].state == "ok"
    assert "ms" in checks["Answers"].text


@pytest.mark.dovecot
def test_starttls_shows_the_certificate_too(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.authority.path))
    allowed = parse_networks([f"127.0.0.1/32:{dovecot.port}", f"[::1]:{dovecot.port}"])
    sections = imap.examine(Server("localhost", dovecot.port, "starttls", "alice", "pass word"), allowed)
    assert told(sections)["Certificate"].state == "ok"


@pytest.mark.dovecot
def test_one_connection_at_a_time_is_said(start_dovecot: Callable[..., Dovecot]) -> None:
    server = start_dovecot(max_connections=1)
    sections = imap.examine(replace(at(server), password="pass word"), allow(server))
    assert told(sections)["Second connection"].state == "warn"


def test_a_certificate_that_ends_soon_is_warned_of(serve: Callable[..., Any], authority: Any) -> None:
    for days, state in ((5, "warn"), (15, "ok")):
        server = serve(tls=server_context(authority.issue(days=days)))
        allowed = parse_networks([f"127.0.0.1/32:{server.port}", f"[::1]:{server.port}"])
        check = told(imap.examine(at(server, "tls", "localhost"), allowed))["Certificate"]
        assert check.state == state
        assert bool(check.advice) == (state == "warn")


@pytest.mark.parametrize(
    ("quota", "state", "words"),
    [
        (b'* QUOTA "" (STORAGE 1024 1048576)\r\n', "ok", "1 MB of 1,024 MB"),
        (b'* QUOTA "User quota" (MESSAGE 5 10 STORAGE 1000000 1048576)\r\n', "warn", "976 MB of 1,024 MB"),
        (b"* QUOTAROOT INBOX\r\n", "note", "no limit"),
        (b'* QUOTA "" (STORAGE 0 0)\r\n', "note", "no limit"),
        (b'* QUOTA "" (STORAGE 99999999999999999999 1)\r\n', "note", "no limit"),
        (b"* QUOTA " + b"( " * 100_000 + b"\r\n", "note", "no limit"),
    ],
)
def test_how_full_it_is(serve: Callable[..., Any], quota: bytes, state: str, words: str) -> None:
    capability = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR QUOTA\r\nTAG OK\r\n"
    script = {
        "CAPABILITY": capability,
        "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
        "GETQUOTAROOT": quota + b"TAG OK done\r\n",
    }
    server = serve(script)
    check = told(imap.examine(at(server), allow(server)))["Room"]
    assert check.state == state
    assert words in check.text


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({"AUTHENTICATE": b"TAG NO [AUTHENTICATIONFAILED] no\r\n"}, "refused the password"),
        ({"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK\r\n"}, "takes no password"),
        ({"LIST": flood(b"* LIST () / x\r\n", 10_000_000)}, "sent more than it was asked for"),
        ({"LIST": b"TAG NO not now\r\n"}, "could not be understood"),
        ({"LIST": b'* LIST () "/" Sent\r\nTAG OK\r\n'}, "lists no inbox"),
    ],
)
def test_where_it_fails_it_says_so_and_ends(
    serve: Callable[..., Any], script: dict[str, Any], words: str
) -> None:
    server = serve(script)
    sections = imap.examine(at(server), allow(server))
    assert any(check.state == "bad" and words in check.text for check in told(sections).values())


def test_a_server_of_our_own_network_is_not_told_of(serve: Callable[..., Any]) -> None:
    server = serve()
    for host in ("localhost", "no-such-host.invalid"):
        (section,) = imap.examine(at(server, "tls", host, 993), [])
        (check,) = section.checks
        assert "No public mail server of this name" in check.text
        assert "127.0.0.1" not in check.text
    assert server.connections == 0


def test_sending_is_looked_at_and_nothing_is_sent() -> None:
    with SubmissionServer() as server:
        section = sending.examine(at(server), allow(server))
        checks = told([section])
        assert checks["Largest mail"].text == "52 MB"
        assert checks["8BITMIME"].state == "ok"
        assert section.worst == "warn"  # it is not encrypted, and the operator lists it
        assert not any(line.upper().startswith((b"MAIL", b"RCPT", b"DATA")) for line in server.commands)
        server.script["AUTH"] = b"535 no\r\n"
        assert "refused the password" in told([sending.examine(at(server), allow(server))])["Outcome"].text


def test_what_a_server_says_is_one_short_line() -> None:
    assert quoted(b"a\r\nb\x1b[31m\xff") == "a  b [31m\ufffd"
    assert len(quoted(b"x" * 1000)) == 200


# The page


@pytest.fixture
def account(alice: Reader, serve: Callable[..., Any], settings: Any) -> Iterator[MailAccount]:
    """An account on a server with something to say, that sends too."""
    script = {"LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n'}
    server = serve(script, greeting=b"* OK <script>alert(1)</script> " + b"x" * 500 + b"\r\n")
    with SubmissionServer() as smtp:
        settings.ALLOWED_MAIL_NETWORKS = allow(server, smtp)
        row = account_at(alice, server.port, "alice", PASSWORD)
        stored = mailboxes.read(alice.vault, row)
        there = replace(stored, password=PASSWORD, smtp=Outgoing("127.0.0.1", smtp.port, "none"))
        mailboxes.change(alice.vault, row, there)
        yield row


def test_the_page_looks_when_it_is_asked_to(alice_client: Client, account: MailAccount) -> None:
    path = f"/accounts/{account.pk}/doctor/"
    assert "Look now" in alice_client.get(path).content.decode()
    raw = alice_client.post(path).content.decode()
    page = html.unescape(raw)
    for words in ("The way to the server", "What it can do", "Limits", "Sending", "Signed in in"):
        assert words in page
    assert "<script>alert" not in raw
    assert "&lt;script&gt;alert" in raw
    assert "x" * 201 not in page
    assert PASSWORD not in page
    assert "Look again" in page


def test_limits_that_syncs_met_are_counted(alice: Reader, alice_client: Client, account: MailAccount) -> None:
    for error in ("throttled", "throttled", "", "login-refused"):
        SyncRun.objects.for_user(alice.user).create(
            owner=alice.user, account=account, error=error, finished_at=timezone.now()
        )
    page = html.unescape(alice_client.post(f"/accounts/{account.pk}/doctor/").content.decode())
    assert "2 times" in page
    assert "The server asks to come back later." in page
    assert "let mail be looked for less often" in page


def test_others_find_nothing(bob: Reader, account: MailAccount) -> None:
    client = sign_in(bob)
    assert client.get(f"/accounts/{account.pk}/doctor/").status_code == 404
    assert client.post(f"/accounts/{account.pk}/doctor/").status_code == 404
