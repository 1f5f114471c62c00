"""Whether a server would take mail for sending (RFC 6409): sign in, and nothing more. No mail is sent here.

The same guard, the same TLS and the same codes as for IMAP. smtplib speaks the protocol over our checked
connection; what it reads passes limits of time and size.
"""

import base64
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence

from accounts import sasl
from accounts.connections import (
    TEST_LIMITS,
    ConnectionFailed,
    Server,
    Tested,
    dial,
    locate,
    tls_code,
    tls_context,
    wrapped,
)
from accounts.networks import SMTP_PORTS, AllowedNetwork
from accounts.wire import Limits

# What the server says of us is our own business: no name of this machine goes out.
_WE = "[127.0.0.1]"
_ANSWER_BYTES = 65_536
_BUSY = frozenset({421, 450, 451, 452, 454})  # RFC 4954 §6, RFC 5321 §4.2.3


class Reader:
    """The answers of a server, as the file that smtplib reads from. Raises ConnectionFailed at a limit."""

    def __init__(self, sock: socket.socket, silence_seconds: float, ends: float) -> None:
        self.sock = sock
        self._silence = silence_seconds
        self._ends = ends  # monotonic
        self._buffer = bytearray()
        self._read = 0

    @property
    def empty(self) -> bool:
        """Whether all that came was read."""
        return not self._buffer

    def readline(self, most: int) -> bytes:
        """A line of `most` bytes; b"" at the end."""
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) < most:
            chunk = self._receive()
            if not chunk:
                return b""
            self._buffer += chunk
        size = min(most, end + 1) if end >= 0 else most
        line = bytes(self._buffer[:size])
        del self._buffer[:size]
        return line

    def close(self) -> None:
        """The socket is closed by whoever opened it."""

    def _receive(self) -> bytes:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise ConnectionFailed("connect-timeout")
        self.sock.settimeout(min(left, self._silence))
        try:
            chunk = self.sock.recv(4096)
        except TimeoutError:
            raise ConnectionFailed("connect-timeout") from None
        self._read += len(chunk)
        if self._read > _ANSWER_BYTES:
            raise ConnectionFailed("not-smtp")
        return chunk


class Client(smtplib.SMTP):
    """smtplib's connection over a socket that was opened and checked before."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        super().__init__(local_hostname=_WE)
        self.limits = limits
        self._ends = time.monotonic() + limits.whole_seconds
        self.take(sock)

    def take(self, sock: socket.socket) -> None:
        """Talk over this one."""
        self.sock = sock
        self.file = Reader(sock, self.limits.silence_seconds, self._ends)

    @property
    def reader(self) -> Reader:
        """What the server said."""
        reader: Reader = self.file  # type: ignore[assignment]
        return reader


def open_smtp(server: Server, *, allowed: Sequence[AllowedNetwork], limits: Limits = TEST_LIMITS) -> Client:
    """Resolve, connect, verify, sign in. Raises ConnectionFailed; nothing stays open then."""
    name, endpoints = locate(server, allowed, ports=SMTP_PORTS)
    sock = dial(endpoints, limits)
    if server.security == "tls":
        sock = wrapped(sock, name, limits)
    return greet_and_enter(sock, server, name, limits)


def greet_and_enter(sock: socket.socket, server: Server, name: str, limits: Limits) -> Client:
    """From a fresh connection to a session of `server.username`. Raises ConnectionFailed, all closed."""
    client = Client(sock, limits)
    try:
        _greet(client)
        if server.security == "starttls":
            _start_tls(client, name)
        _sign_in(client, server)
    except ConnectionFailed:
        client.close()
        raise
    except smtplib.SMTPServerDisconnected:
        client.close()
        raise ConnectionFailed("server-closed") from None
    except smtplib.SMTPException:  # what was said is no answer of SMTP's
        client.close()
        raise ConnectionFailed("not-smtp") from None
    return client


def close(client: Client) -> None:
    """Say goodbye and close; raises nothing."""
    try:
        client.quit()
    except (smtplib.SMTPException, ConnectionFailed, OSError):
        client.close()


def test_smtp(server: Server, *, allowed: Sequence[AllowedNetwork]) -> Tested:
    """Try `server` as sending will, and say what was found. Sends no mail, raises nothing of its own."""
    try:
        client = open_smtp(server, allowed=allowed)
    except ConnectionFailed as failed:
        return Tested(failed.code)
    offered = frozenset(name.upper() for name in client.esmtp_features)
    close(client)
    return Tested("ok", offered)


def _greet(client: Client) -> None:
    code, _ = client.getreply()
    if code in _BUSY or code == 554:
        raise ConnectionFailed("server-busy")
    if code != 220:
        raise ConnectionFailed("not-smtp")
    _introduce(client)


def _introduce(client: Client) -> None:
    code, _ = client.ehlo()
    if code in _BUSY:
        raise ConnectionFailed("server-busy")
    if code != 250:
        raise ConnectionFailed("not-smtp")


def _start_tls(client: Client, name: str) -> None:
    if not client.has_extn("starttls") or client.docmd("STARTTLS")[0] != 220:
        raise ConnectionFailed("starttls-missing")
    if not client.reader.empty:  # what came before the handshake came from anybody
        raise ConnectionFailed("not-smtp")
    sock = client.sock
    assert sock is not None
    try:
        sock.settimeout(client.limits.connect_seconds)
        client.take(tls_context().wrap_socket(sock, server_hostname=name))
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConnectionFailed(tls_code(error)) from None
    _introduce(client)


def _sign_in(client: Client, server: Server) -> None:
    offered = set(str(client.esmtp_features.get("auth", "")).upper().split())
    code = _show_token(client, server, offered) if server.token else _show_password(client, server, offered)
    if code in _BUSY:
        raise ConnectionFailed("server-busy")
    if code == -1:
        raise ConnectionFailed("not-smtp")
    if code != 235:
        raise ConnectionFailed("token-refused" if server.token else "login-refused", permanent=code == 535)


def _show_password(client: Client, server: Server, offered: set[str]) -> int:
    """AUTH PLAIN (RFC 4616), else LOGIN; UTF-8 both. The code of the last answer."""
    username, password = server.username.encode(), server.password.encode()
    if "PLAIN" in offered:
        return client.docmd("AUTH", "PLAIN " + _coded(b"\0%b\0%b" % (username, password)))[0]
    if "LOGIN" not in offered:
        raise ConnectionFailed("login-disabled")
    code, _ = client.docmd("AUTH", "LOGIN")
    for text in (username, password):
        if code != 334:
            return code
        code, _ = client.docmd(_coded(text))
    return code


def _show_token(client: Client, server: Server, offered: set[str]) -> int:
    """AUTH OAUTHBEARER or XOAUTH2. A refusal comes as a challenge, which is answered too."""
    mechanism = sasl.choose(offered)
    if mechanism is None:
        raise ConnectionFailed("token-unsupported")
    said = sasl.message(mechanism, server.username, server.token, (server.host, server.port))
    code, _ = client.docmd("AUTH", f"{mechanism} {said.decode()}")
    return client.docmd(sasl.farewell(mechanism).decode())[0] if code == 334 else code


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()
