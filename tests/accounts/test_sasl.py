"""What is said to sign in with a token, against the examples of those who wrote it down."""

import base64

import pytest

from accounts import connections, sasl
from accounts.connections import ConnectionFailed, Server, open_imap
from accounts.networks import parse_networks
from accounts.wire import Limits

QUICK = Limits(connect_seconds=2, silence_seconds=2, command_seconds=3)
TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="


def test_oauthbearer_as_in_rfc_7628() -> None:
    said = sasl.message("OAUTHBEARER", "user@example.com", TOKEN, ("server.example.com", 143))
    assert said == (
        b"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI"
        b"HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    assert sasl.farewell("OAUTHBEARER") == b"AQ=="


def test_xoauth2_as_google_documents_it() -> None:
    said = sasl.message(
        "XOAUTH2", "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", ("", 0)
    )
    assert said == (
        b"dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZ"
        b"Mjl0Q2cBAQ=="
    )
    assert sasl.farewell("XOAUTH2") == b""


def test_a_name_cannot_end_the_header() -> None:
    said = sasl.message("OAUTHBEARER", "a,b=c", "t", ("h", 1))
    assert base64.b64decode(said).startswith(b"n,a=a=2Cb=3Dc,\x01")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ({"PLAIN", "XOAUTH2", "OAUTHBEARER"}, "OAUTHBEARER"),
        ({"PLAIN", "XOAUTH2"}, "XOAUTH2"),
        ({"PLAIN"}, None),
    ],
)
def test_the_better_one_is_chosen(offered: set[str], chosen: str | None) -> None:
    assert sasl.choose(offered) == chosen


def attempt(server, token="a-token", security="none"):
    place = Server("127.0.0.1", server.port, security, "alice@example.org", "", token)
    return open_imap(place, allowed=parse_networks([f"127.0.0.1/32:{server.port}"]), limits=QUICK)


def failure(server, **options):
    with pytest.raises(ConnectionFailed) as caught:
        attempt(server, **options)
    return caught.value


def capabilities(*names):
    return b"* CAPABILITY IMAP4rev1 " + " ".join(names).encode() + b"\r\nTAG OK\r\n"


def test_the_token_goes_in_the_first_line_where_that_is_allowed(serve):
    server = serve({"CAPABILITY": capabilities("AUTH=XOAUTH2", "SASL-IR")})
    connections.close(attempt(server))
    said = sasl.message("XOAUTH2", "alice@example.org", "a-token", ("", 0))
    assert any(line.endswith(b"AUTHENTICATE XOAUTH2 " + said) for line in server.commands)


def test_else_it_waits_until_it_is_asked_for(serve):
    server = serve({"CAPABILITY": capabilities("AUTH=OAUTHBEARER"), "AUTHENTICATE": b"+ \r\n"})
    assert failure(server).code in ("connect-timeout", "not-imap")
    lines = server.received.split(b"\r\n")
    at = next(number for number, line in enumerate(lines) if b"AUTHENTICATE" in line)
    assert lines[at].endswith(b"AUTHENTICATE OAUTHBEARER")
    assert base64.b64decode(lines[at + 1]).endswith(b"auth=Bearer a-token\x01\x01")


def test_a_server_that_takes_no_tokens_gets_none(serve):
    server = serve()
    error = failure(server)
    assert (error.code, error.permanent) == ("token-unsupported", True)
    assert b"a-token" not in server.received


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"TAG NO [AUTHENTICATIONFAILED] Invalid credentials\r\n", "token-refused"),
        (b"TAG NO no\r\n", "token-refused"),
        (b"TAG NO [UNAVAILABLE] later\r\n", "server-busy"),
        (b"* BYE [AUTHENTICATIONFAILED] go\r\nTAG NO x\r\n", "token-refused"),
    ],
)
def test_a_refused_token_deserves_a_fresh_one(serve, answer, code):
    script = {"CAPABILITY": capabilities("AUTH=XOAUTH2", "SASL-IR"), "AUTHENTICATE": answer}
    error = failure(serve(script))
    assert (error.code, error.permanent) == (code, False)


def test_a_token_cannot_end_the_command(serve):
    server = serve({"CAPABILITY": capabilities("AUTH=XOAUTH2", "SASL-IR")})
    assert failure(server, token="x\r\nA1 DELETE INBOX").code == "login-refused"
    assert server.connections == 0


def test_a_server_does_not_print_its_token():
    assert "a-token" not in repr(Server("h", 993, "tls", "alice", "", "a-token"))
