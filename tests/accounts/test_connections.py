"""Opening a connection: what is refused, what is told, and that no password goes where it must not."""

import logging
import socket

import pytest

from accounts import connections
from accounts.connections import ConnectionFailed, Server, judge, open_imap
from accounts.networks import parse_networks
from accounts.wire import Limits, UnsafeArgument
from tests.servers.fixtures import USERS, server_context
from tests.servers.scripted import CLOSE, drip

PASSWORD = "the-pass-word"
QUICK = Limits(connect_seconds=2, silence_seconds=1, command_seconds=2)


def allow(port):
    return parse_networks([f"127.0.0.1/32:{port}", f"[::1]:{port}"])


def attempt(server, security="none", *, host="127.0.0.1", username="alice", password=PASSWORD, limits=QUICK):
    port = getattr(server, "port", server)
    return open_imap(Server(host, port, security, username, password), allowed=allow(port), limits=limits)


def failure(server, security="none", **options):
    with pytest.raises(ConnectionFailed) as caught:
        attempt(server, security, **options)
    return caught.value


def no_password_went_to(server):
    return PASSWORD.encode() not in server.received and b"AUTHENTICATE" not in server.received


def test_it_logs_in_and_knows_what_the_server_offers(serve):
    client = attempt(serve())
    assert client.offered == {"IMAP4REV1", "AUTH=PLAIN", "SASL-IR"}
    connections.close(client)


def test_a_server_hides_its_password_when_printed():
    assert PASSWORD not in repr(Server("h", 993, "tls", "alice", PASSWORD))
    assert "alice" not in repr(Server("h", 993, "tls", "alice", PASSWORD))


# Where to


def test_a_private_address_is_refused_before_any_connection(serve):
    server = serve()
    with pytest.raises(ConnectionFailed) as caught:
        open_imap(Server("127.0.0.1", server.port, "tls", "alice", PASSWORD), allowed=[])
    assert caught.value.code == "address-refused"
    assert caught.value.permanent is True
    assert server.connections == 0


def test_a_port_that_is_not_for_mail_is_refused():
    with pytest.raises(ConnectionFailed) as caught:
        open_imap(Server("8.8.8.8", 6379, "tls", "alice", PASSWORD), allowed=[])
    assert caught.value.code == "port-refused"


def test_an_unknown_host_is_named_so():
    with pytest.raises(ConnectionFailed) as caught:
        open_imap(Server("no-such-host.invalid", 993, "tls", "alice", PASSWORD), allowed=[])
    assert caught.value.code == "name-unknown"
    assert caught.value.permanent is False


def test_no_tls_is_refused_outside_the_operators_list():
    with pytest.raises(ConnectionFailed) as caught:
        open_imap(Server("8.8.8.8", 143, "none", "alice", PASSWORD), allowed=[])
    assert caught.value.code == "plaintext-refused"


def test_a_closed_port_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    assert failure(port).code == "unreachable"


def test_the_next_address_is_tried_when_one_does_not_answer(serve, monkeypatch):
    server = serve()
    answers = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", server.port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    connections.close(attempt(server, host="mail.example.org"))
    assert server.connections == 1


# TLS and certificates


def test_tls_with_a_good_certificate(serve, authority):
    server = serve(tls=server_context(authority.issue()))
    client = attempt(server, "tls", host="localhost")
    assert client.wire.sock.version() in ("TLSv1.2", "TLSv1.3")
    connections.close(client)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("certificate-expired", {"days": -1}),
        ("certificate-self-signed", {"self_signed": True}),
        ("certificate-wrong-name", {"name": "mail.example.org"}),
    ],
)
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_bad_certificate_is_named_and_gets_no_password(serve, authority, security, code, wanted):
    context = server_context(authority.issue(**wanted))
    server = serve(STARTTLS, **{security: context})
    error = failure(server, security, host="localhost")
    assert error.code == code
    assert error.permanent is True
    assert no_password_went_to(server)


def test_an_unknown_authority_is_untrusted(serve, authority, monkeypatch):
    server = serve(tls=server_context(authority.issue()))
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    assert failure(server, "tls", host="localhost").code == "certificate-untrusted"


def test_tls_to_a_plain_server_fails(serve):
    assert failure(serve(), "tls", host="localhost").code == "tls-failed"


STARTTLS = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\nTAG OK\r\n",
    "STARTTLS": b"TAG OK go on\r\n",
}


def test_starttls_with_a_good_certificate(serve, authority):
    server = serve(STARTTLS, starttls=server_context(authority.issue()))
    connections.close(attempt(server, "starttls", host="localhost"))
    assert server.commands[1].endswith(b"STARTTLS")


def test_capabilities_are_asked_again_after_starttls(serve, authority):
    script = STARTTLS | {
        "CAPABILITY": [
            b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN LOGINDISABLED\r\nTAG OK\r\n",
            b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n",
        ]
    }
    server = serve(script, starttls=server_context(authority.issue()))
    connections.close(attempt(server, "starttls", host="localhost"))
    assert any(b" LOGIN " in command for command in server.commands)


def test_a_stripped_starttls_gets_no_password(serve):
    server = serve({"CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK\r\n"})
    assert failure(server, "starttls").code == "starttls-missing"
    assert no_password_went_to(server)


def test_a_refused_starttls_gets_no_password(serve):
    server = serve(STARTTLS | {"STARTTLS": b"TAG NO not today\r\n"})
    assert failure(server, "starttls").code == "starttls-missing"
    assert no_password_went_to(server)


def test_bytes_slipped_in_before_the_handshake_end_the_connection(serve, authority):
    slipped = STARTTLS | {"STARTTLS": b"TAG OK go on\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"}
    server = serve(slipped, starttls=server_context(authority.issue()))
    assert failure(server, "starttls", host="localhost").code in ("not-imap", "tls-failed")
    assert no_password_went_to(server)


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_preauth_is_refused(serve, security):
    server = serve(STARTTLS, greeting=b"* PREAUTH welcome\r\n")
    assert failure(server, security).code in ("starttls-missing", "not-imap")
    assert no_password_went_to(server)


# No IMAP


@pytest.mark.parametrize(
    "greeting",
    [
        b"220 smtp.example.org ESMTP\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"+OK POP3 ready\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\r\n",
        b"\xff\xfe\xfd\r\n",
        b"* OK " + b"x" * 2_000_000 + b"\r\n",
    ],
)
def test_something_else_than_imap_is_named_so(serve, greeting):
    assert failure(serve(greeting=greeting)).code == "not-imap"


def test_a_server_without_imap4rev1_is_no_imap(serve):
    assert failure(serve({"CAPABILITY": b"* CAPABILITY IMAP2\r\nTAG OK\r\n"})).code == "not-imap"


def test_a_server_that_hangs_up_is_named_so(serve):
    assert failure(serve(greeting=CLOSE)).code == "server-closed"
    assert failure(serve({"AUTHENTICATE": CLOSE})).code == "server-closed"


def test_a_server_with_no_room_is_busy(serve):
    assert failure(serve(greeting=b"* BYE Too many connections\r\n")).code == "server-busy"


def test_a_silent_server_times_out(serve):
    assert failure(serve(greeting=b"")).code == "connect-timeout"


def test_a_dripping_server_does_not_hold_us_longer_than_the_deadline(serve):
    error = failure(serve({"AUTHENTICATE": drip(b"* OK wait\r\n" * 50, 0.05)}))
    assert error.code == "connect-timeout"


def test_a_slow_server_does_not_hold_us_longer_than_the_connection_may_live(serve):
    limits = Limits(command_seconds=60, whole_seconds=1)
    assert (
        failure(serve({"CAPABILITY": drip(b"* OK wait\r\n" * 50, 0.05)}), limits=limits).code
        == "connect-timeout"
    )


# Logging in


def test_a_password_with_umlauts_and_quotes_goes_by_authenticate(dovecot):
    client = attempt(dovecot, username="bob", password=USERS["bob"], limits=Limits())
    assert client.wire.state == "AUTH"
    connections.close(client)


def test_a_password_with_umlauts_and_quotes_goes_by_login(serve):
    server = serve({"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n"})
    connections.close(attempt(server, username='a"b', password="ß\\"))
    (login,) = (command for command in server.commands if b"LOGIN" in command)
    assert login.endswith(b' LOGIN "a\\"b" {3}\r\n' + "ß\\".encode())


def test_the_password_follows_the_go_ahead_without_sasl_ir(serve):
    def authenticate(tag, line):
        yield b"+ \r\n"

    script = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK\r\n",
        "AUTHENTICATE": authenticate,
    }
    server = serve(script)
    failure(server)  # the script does not know the line that comes then
    assert server.commands[1].endswith(b" AUTHENTICATE PLAIN")
    assert server.commands[2] == b"AGFsaWNlAHRoZS1wYXNzLXdvcmQ="


def test_a_domain_user_goes_by_login(serve):
    server = serve()
    connections.close(attempt(server, username="DOMAIN\\user"))
    assert any(b'LOGIN "DOMAIN\\\\user"' in command for command in server.commands)


def test_no_password_goes_where_login_is_disabled(serve):
    server = serve({"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK\r\n"})
    assert failure(server).code == "login-disabled"
    assert no_password_went_to(server)


@pytest.mark.parametrize("bad", ["a\r\nA9 DELETE INBOX", "a\nb", "a\rb", "a\0b", "\ud800"])
@pytest.mark.parametrize("field", ["username", "password"])
def test_line_breaks_in_credentials_are_refused_before_connecting(serve, field, bad):
    server = serve()
    assert failure(server, **{field: bad}).code == "login-refused"
    assert server.connections == 0


@pytest.mark.parametrize(
    ("answer", "code", "permanent"),
    [
        (b"NO [AUTHENTICATIONFAILED] wrong", "login-refused", True),
        (b"NO [AUTHORIZATIONFAILED] not you", "login-refused", True),
        (b"NO [EXPIRED] too old", "login-refused", True),
        (b"NO [ALERT] Application-specific password required", "login-refused", False),
        (b"NO LOGIN failed", "login-refused", False),
        (b"NO", "login-refused", False),
        (b"NO [LIMIT] Rate limit hit", "server-busy", False),
        (b"NO [UNAVAILABLE] Temporary authentication failure", "server-busy", False),
        (b"NO [INUSE] locked", "server-busy", False),
        (b"NO [ALERT] Too many simultaneous connections", "server-busy", False),
        (b"NO [SERVERBUG] oops", "server-busy", False),
        (b"BAD User is authenticated but not connected.", "server-busy", False),
        (b"BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds", "server-busy", False),
        (b"BAD nonsense", "not-imap", False),
    ],
)
def test_a_refused_login_is_judged_by_what_the_server_means(serve, answer, code, permanent):
    error = failure(serve({"AUTHENTICATE": b"TAG " + answer + b"\r\n"}))
    assert (error.code, error.permanent) == (code, permanent)


def test_the_servers_wish_to_wait_is_told(serve):
    text = b"TAG BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds\r\n"
    assert failure(serve({"AUTHENTICATE": text})).retry_after == 93
    assert judge(b"Backoff Time: 999999999999 milliseconds").retry_after == connections.MAX_BACKOFF


def test_a_bye_instead_of_an_answer_is_judged_too(serve):
    server = serve({"AUTHENTICATE": b"* BYE [LIMIT] too many logins\r\n" + CLOSE})
    assert failure(server).code == "server-busy"


def test_a_wrong_password_at_dovecot(dovecot):
    error = failure(dovecot, password="wrong", limits=Limits())
    assert (error.code, error.permanent) == ("login-refused", True)


def test_too_many_connections_at_dovecot_are_no_wrong_password(start_dovecot):
    server = start_dovecot(max_connections=1)
    client = attempt(server, username="alice", password=USERS["alice"], limits=Limits())
    error = failure(server, username="alice", password=USERS["alice"], limits=Limits())
    assert (error.code, error.permanent) == ("server-busy", False)
    connections.close(client)


def test_dovecot_by_tls_and_by_starttls(dovecot, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.authority.path))
    for port, security in [(dovecot.tls_port, "tls"), (dovecot.port, "starttls")]:
        server = Server("localhost", port, security, "bob", USERS["bob"])
        client = open_imap(server, allowed=allow(port))
        assert client.wire.sock.version()
        connections.close(client)


# What is told, and what is not


def test_the_error_is_a_code_and_nothing_the_server_said(serve):
    error = failure(serve({"AUTHENTICATE": b"TAG NO <script>secret</script> the-pass-word\r\n"}))
    assert str(error) == "login-refused"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_nothing_of_the_wire_is_logged(serve, caplog):
    caplog.set_level(logging.DEBUG)
    client = attempt(serve())
    client.noop()
    connections.close(client)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    for word in ("alice", PASSWORD, "AGFsaWNl", "NOOP", "CAPABILITY"):
        assert word not in logged


def test_testing_a_connection_says_ok_with_capabilities(serve):
    server = serve()
    tested = connections.test_connection(
        Server("127.0.0.1", server.port, "none", "alice", PASSWORD), allowed=allow(server.port)
    )
    assert tested.code == "ok"
    assert "IMAP4REV1" in tested.capabilities
    assert server.commands[-1].endswith(b"LOGOUT")


def test_testing_a_connection_says_what_failed(serve):
    server = serve({"AUTHENTICATE": b"TAG NO [AUTHENTICATIONFAILED] no\r\n"})
    tested = connections.test_connection(
        Server("127.0.0.1", server.port, "none", "alice", PASSWORD), allowed=allow(server.port)
    )
    assert tested == connections.Tested("login-refused")


def test_the_library_cannot_send_a_second_command_in_an_argument(serve):
    server = serve({"SELECT": b"* 0 EXISTS\r\nTAG OK\r\n"})
    client = attempt(server)
    client.wire.state = "SELECTED"
    before = len(server.commands)
    for inject in (
        lambda: client.search(['SUBJECT "x\r\nA99 DELETE INBOX"']),
        lambda: client.search(["SUBJECT", "ü\r\nA99 DELETE INBOX"], charset="UTF-8"),
        lambda: client.add_flags([1], ["\\Seen\r\nA99 DELETE INBOX"]),
        lambda: client.login("alice", "x\r\nA99 DELETE INBOX"),
        lambda: client.ask(b"NOOP\r\nA99 DELETE INBOX"),
    ):
        with pytest.raises((UnsafeArgument, client.Error)):
            inject()
    connections.close(client)
    assert len(server.commands) == before + 1
    assert b"DELETE" not in server.received
