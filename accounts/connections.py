"""Open a verified IMAP connection for a mail account.

The address that passed the check is the one connected to; the certificate is checked against the name. There
is no "TLS if possible": a server either does what the account says or gets no password. What a server says
is judged here and never shown: errors are codes.
"""

import base64
import functools
import logging
import os
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal as OneOf

from imapclient import IMAPClient

from accounts import sasl
from accounts.networks import IMAP_PORTS, AllowedNetwork, Endpoint, NetworkRefused, ascii_host, resolve
from accounts.wire import (
    Answer,
    Continuation,
    Limits,
    UnsafeArgument,
    Wire,
    WireError,
    check_argument,
    quoted,
)

Security = OneOf["tls", "starttls", "none"]
DEFAULT_LIMITS = Limits()
#: A reader waits for a test, and a thread of the web server with them.
TEST_LIMITS = Limits(connect_seconds=5, silence_seconds=8, command_seconds=10, whole_seconds=12)
MAX_BACKOFF = 24 * 3600

# At DEBUG the library prints mail and search terms.
logging.getLogger("imapclient").setLevel(logging.WARNING)

_PERMANENT = frozenset(
    {
        "address-refused",
        "port-refused",
        "plaintext-refused",
        "certificate-expired",
        "certificate-self-signed",
        "certificate-wrong-name",
        "certificate-untrusted",
        "starttls-missing",
        "login-disabled",
        "token-unsupported",
    }
)
# OpenSSL's X509_V_ERR_* numbers.
_CERTIFICATE_CODES = {
    9: "certificate-expired",  # not valid yet: a wrong clock or a wrong certificate, the same advice
    10: "certificate-expired",
    18: "certificate-self-signed",
    19: "certificate-self-signed",
    62: "certificate-wrong-name",
    64: "certificate-wrong-name",
}
_RESPONSE_CODE = re.compile(rb"\[([A-Za-z0-9-]+)")
_BACKOFF = re.compile(rb"backoff time:\s*(\d{1,12})\s*milliseconds", re.IGNORECASE)
_LOGIN_REFUSED_CODES = frozenset({b"AUTHENTICATIONFAILED", b"AUTHORIZATIONFAILED", b"EXPIRED"})
_BUSY_CODES = frozenset({b"LIMIT", b"UNAVAILABLE", b"INUSE", b"OVERQUOTA"})
_FAULT_CODES = frozenset({b"SERVERBUG", b"CONTACTADMIN", b"CORRUPTION"})
_BUSY_TEXT = re.compile(
    rb"too many|rate.?limit|throttl|backoff|temporar|try again|try later|simultaneous|maximum number"
    rb"|authenticated but not connected|server busy",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mailbox is and how to enter it: with the access token (OAuth 2) where there is one."""

    host: str
    port: int
    security: Security
    username: str = field(repr=False)
    password: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Tested:
    """What "Test connection" found: `code` is "ok" or one of ConnectionFailed."""

    code: str
    capabilities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a NO, BAD or BYE means.

    `kind` is "busy", "throttled", "fault" (an error of the server's own, perhaps over a single mail), "login"
    (its code says that the credentials are bad) or "plain".
    """

    kind: str
    retry_after: int | None = None  # seconds


class ConnectionFailed(Exception):
    """Why no connection was made. `permanent`: another try without a change by somebody is of no use.

    Codes: name-unknown, address-refused, port-refused, plaintext-refused (no TLS, outside the operator's
    list), unreachable, connect-timeout, tls-failed, certificate-expired, certificate-self-signed,
    certificate-wrong-name, certificate-untrusted, starttls-missing, not-imap, login-refused, login-disabled
    (no password without TLS), token-refused, token-unsupported (no sign-in with a token), server-busy,
    server-closed.
    "login-refused" is permanent where the server's code says so (RFC 5530); after a bare NO it deserves a
    second try an hour later. "token-refused" deserves a second try with a fresh token.
    """

    def __init__(self, code: str, *, permanent: bool | None = None, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = code in _PERMANENT if permanent is None else permanent
        self.retry_after = retry_after


class Client(IMAPClient):  # type: ignore[misc]
    """An IMAPClient on a connection that was checked, and that reads under limits.

    `ask` is Wire.ask: the lean way. `offered` are the capabilities, upper case.
    """

    def __init__(self, sock: socket.socket, server: Server, limits: Limits) -> None:
        self._prepared = (sock, limits)
        self.offered: frozenset[str] = frozenset()
        super().__init__(server.host, server.port, ssl=server.security == "tls")
        # IMAPClient turns imaplib's tracing on; it costs time and holds on to commands.
        self._imap.debug = 0
        self.normalise_times = False
        self.ask = self.wire.ask
        self.learn_capabilities(self.wire.welcome.partition(b" ")[2].partition(b" ")[2])

    @property
    def wire(self) -> Wire:
        """The connection below."""
        wire: Wire = self._imap
        return wire

    def learn_capabilities(self, code: bytes = b"") -> None:
        """Take the capabilities from a "[CAPABILITY …]" code, else ask for them (RFC 3501 §6.1.1)."""
        found = re.match(rb"\[CAPABILITY ([^\]]*)\]", code, re.IGNORECASE)
        names = found[1] if found else b" ".join(_capability_lines(self.ask(b"CAPABILITY")))
        self.offered = frozenset(names.decode("ascii", "replace").upper().split())
        self._cached_capabilities = tuple(sorted(name.encode() for name in self.offered))
        self.wire.non_synchronising = "LITERAL+" in self.offered

    def _create_IMAP4(self) -> Wire:
        sock, limits = self._prepared
        return Wire(sock, self.host, self.port, limits)

    def _raw_command(
        self, command: bytes, args: Sequence[bytes] | bytes, uid: bool = True
    ) -> tuple[str, list[object]]:
        for argument in [args] if isinstance(args, bytes) else args:
            check_argument(argument)
        answer: tuple[str, list[object]] = super()._raw_command(command, args, uid=uid)
        return answer


def open_imap(
    server: Server, *, allowed: Sequence[AllowedNetwork], limits: Limits = DEFAULT_LIMITS
) -> Client:
    """Resolve, connect, verify, log in. Raises ConnectionFailed; nothing stays open then.

    Takes at most as long as the limits say, plus the system's name look-up.
    """
    name, endpoints = locate(server, allowed)
    sock = dial(endpoints, limits)
    if server.security == "tls":
        sock = wrapped(sock, name, limits)
    return greet_and_enter(sock, server, name, limits)


def greet_and_enter(sock: socket.socket, server: Server, name: str, limits: Limits) -> Client:
    """From a fresh connection to a session of `server.username`. Raises ConnectionFailed, all closed."""
    client = _greet(sock, server, limits)
    try:
        _enter(client, server, name)
    except ConnectionFailed:
        client.wire.shutdown()
        raise
    return client


def locate(
    server: Server, allowed: Sequence[AllowedNetwork], *, ports: frozenset[int] = IMAP_PORTS
) -> tuple[str, list[Endpoint]]:
    """The name for the certificate, and where to connect; nothing is sent there. Raises ConnectionFailed."""
    _check_credentials(server)
    try:
        name = ascii_host(server.host)
        endpoints = resolve(server.host, server.port, allowed, ports=ports)
    except NetworkRefused as refused:
        raise ConnectionFailed(refused.code) from None
    if server.security == "none" and not all(endpoint.listed for endpoint in endpoints):
        raise ConnectionFailed("plaintext-refused")
    return name, endpoints


def test_connection(server: Server, *, allowed: Sequence[AllowedNetwork]) -> Tested:
    """Try `server` as a sync would, and say what was found. Raises nothing of its own."""
    try:
        client = open_imap(server, allowed=allowed, limits=TEST_LIMITS)
    except ConnectionFailed as failed:
        return Tested(failed.code)
    close(client)
    return Tested("ok", client.offered)


def close(client: Client) -> None:
    """Log out and close; raises nothing."""
    try:
        client.ask(b"LOGOUT")
    except WireError:
        return  # it is closed
    client.wire.shutdown()


def judge(text: bytes) -> Refusal:
    """What the text after NO, BAD or BYE means (RFC 5530, and what large providers are seen to say)."""
    code = _RESPONSE_CODE.match(text)
    name = code[1].upper() if code else b""
    if name in _LOGIN_REFUSED_CODES:
        return Refusal("login")
    if wait := _BACKOFF.search(text):
        return Refusal("throttled", min(int(wait[1]) // 1000 + 1, MAX_BACKOFF))
    if name in _FAULT_CODES:
        return Refusal("fault")
    if name in _BUSY_CODES or _BUSY_TEXT.search(text):
        return Refusal("busy")
    return Refusal("plain")


def _check_credentials(server: Server) -> None:
    try:
        check_argument(server.username)
        check_argument(server.password)
        check_argument(server.token)
        f"{server.username}{server.password}{server.token}".encode()
    except (UnsafeArgument, UnicodeEncodeError):
        raise ConnectionFailed("login-refused", permanent=True) from None


def dial(endpoints: Sequence[Endpoint], limits: Limits) -> socket.socket:
    """A TCP connection to the first endpoint that takes it."""
    code = "unreachable"
    for endpoint in endpoints:
        sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
        try:
            sock.settimeout(limits.connect_seconds)
            sock.connect(endpoint.sockaddr)
            if sock.getpeername()[:2] != endpoint.sockaddr[:2]:
                raise OSError("connected elsewhere")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError:
            code = "connect-timeout"
        except OSError:
            pass  # the next address may be better
        else:
            return sock
        sock.close()
    raise ConnectionFailed(code)


@functools.cache
def _tls_context(cafile: str | None, capath: str | None) -> ssl.SSLContext:
    # Loading the system's certificates costs more than a login: once per process.
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def tls_context() -> ssl.SSLContext:
    """The verifying context: the system's authorities, or those of SSL_CERT_FILE / SSL_CERT_DIR."""
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


def wrapped(sock: socket.socket, name: str, limits: Limits) -> ssl.SSLSocket:
    """TLS over a connection, its certificate checked against `name`. Raises ConnectionFailed, closed then."""
    sock.settimeout(limits.connect_seconds)
    try:
        return tls_context().wrap_socket(sock, server_hostname=name)
    except (OSError, ValueError) as error:
        sock.close()
        raise ConnectionFailed(tls_code(error)) from None


def tls_code(error: Exception) -> str:
    """What went wrong with a handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE_CODES.get(error.verify_code, "certificate-untrusted")
    if isinstance(error, TimeoutError):
        return "connect-timeout"
    return "tls-failed"


def _greet(sock: socket.socket, server: Server, limits: Limits) -> Client:
    """Read greeting and capabilities."""
    try:
        client = Client(sock, server, limits)
    except WireError as error:
        raise _lost(error) from None
    if not any(name.startswith("IMAP4REV") for name in client.offered):
        sock.close()
        raise ConnectionFailed("not-imap")
    return client


def _enter(client: Client, server: Server, name: str) -> None:
    """From the greeting to a session of `server.username`. Raises ConnectionFailed."""
    try:
        if client.wire.state != "NONAUTH":
            # PREAUTH: whose mail this is we cannot know, and STARTTLS is no longer possible.
            raise ConnectionFailed("starttls-missing" if server.security == "starttls" else "not-imap")
        if server.security == "starttls":
            _start_tls(client, name)
        _log_in(client, server)
        if "ID" in client.offered:
            # Some providers serve nobody who does not say what they are.
            client.ask(b"ID", b'("name" "Mail Helper")')
    except WireError as error:
        raise _lost(error, "token-refused" if server.token else "login-refused") from None


def _start_tls(client: Client, name: str) -> None:
    if "STARTTLS" not in client.offered or not client.ask(b"STARTTLS").ok:
        raise ConnectionFailed("starttls-missing")
    try:
        client.wire.secure(tls_context(), name)
    except (OSError, ValueError) as error:
        raise ConnectionFailed(tls_code(error)) from None
    # What was promised before the handshake may have been said by anybody.
    client.learn_capabilities()


def _log_in(client: Client, server: Server) -> None:
    answer = _show_token(client, server) if server.token else _authenticate(client, server)
    if not answer.ok:
        raise _login_failure(answer, "token-refused" if server.token else "login-refused")
    client.wire.state = "AUTH"
    client.learn_capabilities(answer.text)


def _authenticate(client: Client, server: Server) -> Answer:
    """AUTHENTICATE PLAIN where offered (RFC 4616), else LOGIN; UTF-8 both."""
    username, password = server.username.encode(), server.password.encode()
    domain_user = b"\\" in username or b"/" in username  # Exchange takes DOMAIN\user\mailbox by LOGIN only
    no_login = "LOGINDISABLED" in client.offered
    if "AUTH=PLAIN" in client.offered and (no_login or not domain_user):
        token = base64.b64encode(b"\0%b\0%b" % (username, password))
        initial = token if "SASL-IR" in client.offered else Continuation(token)
        return client.ask(b"AUTHENTICATE", b"PLAIN", initial)
    if no_login:
        raise ConnectionFailed("login-disabled")
    return client.ask(b"LOGIN", quoted(username), quoted(password))


def _show_token(client: Client, server: Server) -> Answer:
    """AUTHENTICATE OAUTHBEARER or XOAUTH2. A refusal comes as a challenge, which is answered too."""
    mechanism = sasl.choose({name[5:] for name in client.offered if name.startswith("AUTH=")})
    if mechanism is None:
        raise ConnectionFailed("token-unsupported")
    said = sasl.message(mechanism, server.username, server.token, (server.host, server.port))
    initial = said if "SASL-IR" in client.offered else Continuation(said)
    return client.ask(b"AUTHENTICATE", mechanism.encode(), initial, Continuation(sasl.farewell(mechanism)))


def _login_failure(answer: Answer, code: str) -> ConnectionFailed:
    refusal = judge(answer.text)
    if refusal.kind in ("busy", "throttled", "fault"):
        return ConnectionFailed("server-busy", retry_after=refusal.retry_after)
    if code == "token-refused":
        return ConnectionFailed(code)
    if refusal.kind == "login":
        return ConnectionFailed("login-refused", permanent=True)
    return ConnectionFailed("login-refused" if answer.status == "NO" else "not-imap")


def _lost(error: WireError, refused: str = "login-refused") -> ConnectionFailed:
    if error.said:
        refusal = judge(error.said)
        if refusal.kind == "login":
            return ConnectionFailed(refused, permanent=refused == "login-refused")
        return ConnectionFailed("server-busy", retry_after=refusal.retry_after)
    codes = {"server-closed": "server-closed", "too-slow": "connect-timeout"}
    return ConnectionFailed(codes.get(error.code, "not-imap"))


def _capability_lines(answer: Answer) -> list[bytes]:
    lines = [response[0][2:].partition(b" ") for response in answer.responses]
    return [rest for name, _, rest in lines if name.upper() == b"CAPABILITY"]
