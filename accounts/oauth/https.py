"""One HTTPS request, behind the same guard as mail connections.

The name is resolved once, every address must be public or listed by the operator for its port, and the very
address that passed is connected to. TLS is verified, no redirect is followed, no proxy of the environment is
asked, and an answer may take neither long nor much room.
"""

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlencode, urlsplit

import h11

from accounts.connections import ConnectionFailed, dial, wrapped
from accounts.networks import AllowedNetwork, Endpoint, NetworkRefused, ascii_host, resolve
from accounts.wire import Limits

HTTPS_PORTS = frozenset({443})
MAX_BYTES = 262_144  # of an answer's body
SECONDS = 10.0  # for all of it but the system's name look-up
_MAX_HEAD_BYTES = 65_536
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by lower-case name, the last of each; `body` as it came."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class HttpsFailed(Exception):
    """Why there is no answer.

    Codes: url-refused (not https, or with a user name in it), name-unknown, address-refused, port-refused,
    unreachable, connect-timeout, tls-failed, certificate-expired, certificate-self-signed,
    certificate-wrong-name, certificate-untrusted, too-slow, too-much, garbled, server-closed.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


def get(
    url: str,
    *,
    allowed: Sequence[AllowedNetwork],
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """GET `url`. Raises HttpsFailed; any status is an answer, redirects too."""
    return _ask(_Request("GET", url, tuple((headers or {}).items())), allowed, seconds)


def post_form(
    url: str,
    fields: Mapping[str, str],
    *,
    allowed: Sequence[AllowedNetwork],
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """POST `fields` as a form. Raises HttpsFailed; any status is an answer, redirects too."""
    typed = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(fields).encode()
    return _ask(_Request("POST", url, tuple(typed.items()), body), allowed, seconds)


def _ask(request: _Request, allowed: Sequence[AllowedNetwork], seconds: float) -> Answer:
    parts, name, port = _place(request.url)
    endpoints = _endpoints(name, port, allowed)
    ends = time.monotonic() + seconds
    try:
        sock = dial(endpoints, Limits(connect_seconds=seconds / len(endpoints)))
        sock = wrapped(sock, name, Limits(connect_seconds=_left(ends)))
    except ConnectionFailed as failed:
        raise HttpsFailed(failed.code) from None
    with sock:
        return _converse(sock, _event(request, parts), request.body, ends)


def _place(url: str) -> tuple[SplitResult, str, int]:
    """The URL taken apart, its name as DNS knows it, its port."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
        name = ascii_host(parts.hostname or "")
    except (ValueError, NetworkRefused):
        raise HttpsFailed("url-refused") from None
    if parts.scheme != "https" or "@" in parts.netloc or not url.isascii() or not url.isprintable():
        raise HttpsFailed("url-refused")
    return parts, name, port


def _endpoints(name: str, port: int, allowed: Sequence[AllowedNetwork]) -> list[Endpoint]:
    # An entry without a port lists a network for mail: it opens no web servers.
    listed = [entry for entry in allowed if entry.port is not None]
    try:
        return resolve(name, port, listed, ports=HTTPS_PORTS)
    except NetworkRefused as refused:
        raise HttpsFailed(refused.code) from None


def _event(request: _Request, parts: SplitResult) -> h11.Request:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [
        ("Host", parts.netloc),
        ("User-Agent", "MailHelper"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *request.headers,
    ]
    if request.method != "GET":
        headers.append(("Content-Length", str(len(request.body))))
    try:
        return h11.Request(method=request.method, target=target, headers=headers)
    except h11.LocalProtocolError:
        raise HttpsFailed("url-refused") from None


def _converse(sock: socket.socket, event: h11.Request, body: bytes, ends: float) -> Answer:
    talk = h11.Connection(h11.CLIENT)
    said = b"".join(talk.send(each) or b"" for each in (event, h11.Data(data=body), h11.EndOfMessage()))
    try:
        sock.settimeout(_left(ends))
        sock.sendall(said)
        return _read(sock, talk, ends)
    except h11.RemoteProtocolError:
        raise HttpsFailed("garbled") from None
    except TimeoutError:
        raise HttpsFailed("too-slow") from None
    except OSError:
        raise HttpsFailed("server-closed") from None


def _read(sock: socket.socket, talk: h11.Connection, ends: float) -> Answer:
    """The whole answer. Raises HttpsFailed, OSError, h11.RemoteProtocolError."""
    head: h11.Response | None = None
    body, room = bytearray(), MAX_BYTES + _MAX_HEAD_BYTES
    while True:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            sock.settimeout(_left(ends))
            chunk = sock.recv(_CHUNK)
            room -= len(chunk)
            talk.receive_data(chunk)
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return Answer(head.status_code, _headers(head), bytes(body))
        if room < 0 or len(body) > MAX_BYTES:
            raise HttpsFailed("too-much")


def _headers(head: h11.Response) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise HttpsFailed("too-slow")
    return left
