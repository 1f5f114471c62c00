"""The server for sending: reached and entered under the same guard as IMAP's, and never sent through."""

import base64
import logging

import pytest

from accounts import connections, errortexts, findings, smtp
from accounts.connections import ConnectionFailed, Server
from accounts.networks import parse_networks
from accounts.wire import Limits
from tests.servers.fixtures import server_context
from tests.servers.submission import CLOSE, SubmissionServer

PASSWORD = "the-pass-wörd"
QUICK = Limits(connect_seconds=2, silence_seconds=1, command_seconds=2, whole_seconds=2)


@pytest.fixture
def serve():
    """serve(script, greeting=…, tls=…, starttls=…): runs until the test ends."""
    started = []

    def start(script=None, **options):
        started.append(SubmissionServer(script, **options).__enter__())
        return started[-1]

    yield start
    for server in started:
        server.__exit__()


def to(server, security="none", *, host="127.0.0.1", **more):
    values = {"username": "alice", "password": PASSWORD, **more}
    return Server(host, server.port, security, **values)


def allow(server):
    return parse_networks([f"127.0.0.1/32:{server.port}", f"[::1]:{server.port}"])


def outcome(server, security="none", **more):
    return smtp.test_smtp(to(server, security, **more), allowed=allow(server))


def failure(server, security="none", **more):
    with pytest.raises(ConnectionFailed) as caught:
        smtp.open_smtp(to(server, security, **more), allowed=allow(server), limits=QUICK)
    return caught.value


def no_password_went_to(server):
    return not any(b"AUTH" in line.upper() for line in server.commands)


def test_it_signs_in_and_sends_nothing(serve):
    server = serve()
    found = outcome(server)
    assert found.code == "ok"
    assert {"SIZE", "8BITMIME", "AUTH"} <= found.capabilities
    token = base64.b64encode(f"\0alice\0{PASSWORD}".encode())
    assert server.commands == [b"ehlo [127.0.0.1]", b"AUTH PLAIN " + token, b"quit"]


def test_login_is_used_where_plain_is_not_offered(serve):
    script = {
        "EHLO": b"250-x\r\n250 AUTH CRAM-MD5 LOGIN\r\n",
        "AUTH": b"334 VXNlcm5hbWU6\r\n",
        "": [b"334 UGFzc3dvcmQ6\r\n", b"235 done\r\n"],
    }
    server = serve(script)
    assert outcome(server).code == "ok"
    assert server.commands[1:4] == [
        b"AUTH LOGIN",
        base64.b64encode(b"alice"),
        base64.b64encode(PASSWORD.encode()),
    ]


@pytest.mark.parametrize("offered", ["XOAUTH2 PLAIN", "OAUTHBEARER XOAUTH2"])
def test_a_token_is_shown_where_there_is_one(serve, offered):
    server = serve({"EHLO": f"250-x\r\n250 AUTH {offered}\r\n".encode()})
    assert outcome(server, password="", token="the-token").code == "ok"
    _, mechanism, said = server.commands[1].split(b" ")
    assert mechanism.decode() == offered.split()[0]
    assert b"Bearer the-token" in base64.b64decode(said)


def test_a_refused_token_is_answered_and_named_so(serve):
    script = {
        "EHLO": b"250-x\r\n250 AUTH XOAUTH2\r\n",
        "AUTH": b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n",
        "": b"535 no\r\n",
    }
    assert outcome(serve(script), password="", token="old").code == "token-refused"
    assert outcome(serve(), password="", token="old").code == "token-unsupported"


# Where to


def test_a_private_address_is_refused_before_any_connection(serve):
    server = serve()
    assert smtp.test_smtp(to(server, "tls"), allowed=[]).code == "address-refused"
    assert server.connections == 0


@pytest.mark.parametrize("port", [25, 993, 22])
def test_other_ports_are_refused(port):
    assert smtp.test_smtp(Server("8.8.8.8", port, "tls", "a", "b"), allowed=[]).code == "port-refused"


def test_no_tls_is_refused_outside_the_operators_list():
    assert smtp.test_smtp(Server("8.8.8.8", 587, "none", "a", "b"), allowed=[]).code == "plaintext-refused"


@pytest.mark.parametrize("bad", ["a\r\nRCPT TO:<x@example.org>", "a\nb", "a\0b", "\ud800"])
@pytest.mark.parametrize("field", ["username", "password"])
def test_line_breaks_in_credentials_are_refused_before_connecting(serve, field, bad):
    server = serve()
    assert outcome(server, **{field: bad}).code == "login-refused"
    assert server.connections == 0


# TLS


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
    assert outcome(server, security, host="localhost").code == code
    assert no_password_went_to(server)


STARTTLS = {"EHLO": b"250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"}


def test_tls_and_starttls_with_a_good_certificate(serve, authority):
    for security in ("tls", "starttls"):
        server = serve(STARTTLS, **{security: server_context(authority.issue())})
        assert outcome(server, security, host="localhost").code == "ok"
        names = [line.split(b" ")[0].upper() for line in server.commands]
        assert names.count(b"EHLO") == (2 if security == "starttls" else 1)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ({}, "starttls-missing"),
        (STARTTLS | {"STARTTLS": b"454 not today\r\n"}, "starttls-missing"),
        (STARTTLS | {"STARTTLS": b"220 go\r\n235 slipped in\r\n"}, "not-smtp"),
    ],
)
def test_starttls_that_does_not_come_about_gets_no_password(serve, script, code):
    server = serve(script)
    assert outcome(server, "starttls", host="localhost").code == code
    assert no_password_went_to(server)


def test_tls_to_a_plain_server_fails(serve):
    assert outcome(serve(), "tls", host="localhost").code == "tls-failed"


# What servers answer


@pytest.mark.parametrize(
    ("answer", "code", "permanent"),
    [
        (b"535 5.7.8 wrong\r\n", "login-refused", True),
        (b"534 5.7.9 app password needed\r\n", "login-refused", False),
        (b"454 4.7.0 temporary\r\n", "server-busy", False),
        (b"421 4.7.0 too many\r\n", "server-busy", False),
        (b"nonsense\r\n", "not-smtp", False),
    ],
)
def test_a_refused_sign_in_is_judged_by_its_code(serve, answer, code, permanent):
    error = failure(serve({"AUTH": answer}))
    assert (error.code, error.permanent) == (code, permanent)


@pytest.mark.parametrize(
    ("greeting", "code"),
    [
        (b"* OK IMAP4rev1\r\n", "not-smtp"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not-smtp"),
        (b"220-" + b"x" * 20_000 + b"\r\n", "not-smtp"),
        (b"220-more\r\n" * 20_000, "not-smtp"),
        (b"421 too many connections\r\n", "server-busy"),
        (b"554 no service for you\r\n", "server-busy"),
        (CLOSE, "server-closed"),
        (b"", "connect-timeout"),
        (b"220-never\r\n220-ending", "connect-timeout"),
    ],
)
def test_greetings_are_judged(serve, greeting, code):
    server = serve(greeting=greeting)
    assert failure(server).code == code
    assert no_password_went_to(server)


def test_a_server_without_sign_in_gets_no_password(serve):
    server = serve({"EHLO": b"250 hello\r\n"})
    assert outcome(server).code == "login-disabled"
    assert no_password_went_to(server)


def test_nothing_that_is_said_is_logged_or_kept(serve, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    error = failure(serve({"AUTH": b"535 <script>secret</script>\r\n"}))
    assert str(error) == "login-refused"
    assert error.__suppress_context__ or error.__context__ is None
    said = "".join(record.getMessage() for record in caplog.records) + "".join(capfd.readouterr())
    assert base64.b64encode(f"\0alice\0{PASSWORD}".encode()).decode() not in said
    assert PASSWORD not in said


def test_every_code_has_words_of_its_own_where_imaps_would_mislead():
    for code in errortexts.SMTP:
        finding = findings.of_sending(connections.Tested(code), "starttls")
        assert [step.state for step in finding.steps].count("failed") == 1
        assert "IMAP" not in finding.text
        assert "993" not in finding.text
    assert findings.of_sending(connections.Tested("ok"), "tls").ok
