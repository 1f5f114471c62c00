"""Requests to the web: where they may go, what an answer may be, and that none goes on for long."""

import itertools
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from accounts.networks import AllowedNetwork, parse_networks
from accounts.oauth import https
from accounts.oauth.https import HttpsFailed
from tests.servers.certificates import Authority
from tests.servers.fixtures import server_context
from tests.servers.web import RawWeb

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
def web(authority: Authority) -> Iterator[Callable[..., RawWeb]]:
    """web(pieces): a server whose certificate this test trusts."""
    started: list[RawWeb] = []

    def start(pieces: Iterable[bytes], **certificate: Any) -> RawWeb:
        started.append(RawWeb(pieces, server_context(authority.issue(**certificate))).__enter__())
        return started[-1]

    yield start
    for server in started:
        server.__exit__()


def listed(server: RawWeb) -> list[AllowedNetwork]:
    return parse_networks([f"127.0.0.1/32:{server.port}", f"[::1]:{server.port}"])


def ask(server: RawWeb, path: str = "/", **options: Any) -> https.Answer:
    return https.get(f"https://localhost:{server.port}{path}", allowed=listed(server), **options)


def code_of(server: RawWeb, **options: Any) -> str:
    with pytest.raises(HttpsFailed) as caught:
        ask(server, **options)
    return caught.value.code


def test_an_answer_comes_whole(web: Any) -> None:
    server = web([OK[:30], OK[30:]])
    answer = ask(server, "/mail/config?emailaddress=a%40b")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"hello", "text/plain")
    assert server.requests[0].startswith(b"GET /mail/config?emailaddress=a%40b HTTP/1.1\r\n")


def test_a_form_is_posted_and_nothing_of_it_is_printed(web: Any) -> None:
    server = web([OK])
    url = f"https://localhost:{server.port}/token"
    answer = https.post_form(url, {"code": "s e&cret"}, allowed=listed(server))
    assert server.requests[0].endswith(b"\r\n\r\ncode=s+e%26cret")
    assert b"content-type: application/x-www-form-urlencoded" in server.requests[0].lower()
    assert "hello" not in repr(answer)


def test_chunks_are_put_together(web: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert ask(web([head, b"3\r\nhel\r\n", b"2\r\nlo\r\n0\r\n\r\n"])).body == b"hello"


def test_a_redirect_is_an_answer_and_is_not_followed(web: Any) -> None:
    server = web([b"HTTP/1.1 302 Found\r\nLocation: https://localhost/\r\nContent-Length: 0\r\n\r\n"])
    assert ask(server).status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    ["http://{}/", "ftp://{}/", "https://user:word@{}/", "https:///x", "//{}/", "https://{}/\r\nX: y"],
)
def test_only_plain_https_addresses_are_asked(web: Any, url: str) -> None:
    server = web([OK])
    with pytest.raises(HttpsFailed, match="url-refused"):
        https.get(url.format(f"localhost:{server.port}"), allowed=listed(server))
    assert server.requests == []


@pytest.mark.parametrize("entry", ["", "127.0.0.0/8", "10.0.0.0/8:{port}", "127.0.0.1/32:1"])
def test_private_hosts_are_asked_only_at_a_port_that_the_operator_lists(web: Any, entry: str) -> None:
    """A network listed without a port is one for mail."""
    server = web([OK])
    allowed = parse_networks([entry.format(port=server.port)])
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(HttpsFailed) as caught:
            https.get(f"https://{host}:{server.port}/", allowed=allowed)
        assert caught.value.code in ("name-unknown", "address-refused", "port-refused")
    assert server.requests == []


def test_a_name_with_a_public_and_a_private_address_is_not_asked(web: Any, monkeypatch: Any) -> None:
    server = web([OK])
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, server.port))
        for address in ("127.0.0.1", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    assert code_of(server) == "name-unknown"
    assert server.requests == []


@pytest.mark.parametrize(
    ("code", "certificate"),
    [
        ("certificate-expired", {"days": -1}),
        ("certificate-self-signed", {"self_signed": True}),
        ("certificate-wrong-name", {"name": "login.example.org"}),
    ],
)
def test_a_bad_certificate_is_sent_nothing(web: Any, code: str, certificate: dict[str, Any]) -> None:
    server = web([OK], **certificate)
    assert code_of(server) == code
    assert server.requests == []


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 4000,
    ],
)
def test_too_much_ends_it(web: Any, head: bytes) -> None:
    assert code_of(web([head, *itertools.repeat(b"x" * 10_000, 40)])) in ("too-much", "garbled")


def test_headers_without_end_end_it(web: Any) -> None:
    assert code_of(web([b"HTTP/1.1 200 OK\r\n", *[b"X-A: " + b"y" * 900 + b"\r\n"] * 1000])) == "garbled"


def test_dripping_ends_at_the_deadline(web: Any) -> None:
    """Each byte comes in time; all of them would not."""

    def drip() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
        for _ in range(100):
            time.sleep(0.05)
            yield b"x"

    began = time.monotonic()
    assert code_of(web(drip()), seconds=0.5) == "too-slow"
    assert time.monotonic() - began < 4  # the drip takes five


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx"]
)
def test_what_is_no_whole_answer_is_none(web: Any, said: bytes) -> None:
    assert code_of(web([said])) in ("garbled", "server-closed")


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    with pytest.raises(HttpsFailed, match="unreachable"):
        https.get(f"https://127.0.0.1:{port}/", allowed=parse_networks([f"127.0.0.1/32:{port}"]))
