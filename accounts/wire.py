"""The bytes between us and a mail server, under limits.

`Wire` is imaplib's connection with its own buffer: every byte that is read passes one place that knows how
long the server may take and how much it may send. Passing a limit closes the connection. A literal that is
too large is never skipped, or the mail inside it could be read as the server's answer.

`ask` is the way of our own code: a command out, its whole answer back, in pieces. Limits hold for imaplib's
and IMAPClient's commands too.
"""

import imaplib
import re
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_CHUNK = 262_144
_LITERAL_MARK = re.compile(rb"~?\{(\d+)\+?\}\r?\n\Z")
_STATUS_LINE = re.compile(rb"\* (?:OK|NO|BAD|BYE|PREAUTH)\b", re.IGNORECASE)
_GREETING = re.compile(rb"\* (OK|PREAUTH|BYE)\b ?(.*)\Z", re.IGNORECASE)
_LINE_BREAKERS = re.compile(rb"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long a server may go on. Sizes are those of small talk; mail is given more room."""

    connect_seconds: float = 10.0
    silence_seconds: float = 30.0  # longest wait for the next byte
    command_seconds: float = 300.0  # longest wait for a whole answer
    whole_seconds: float = 3600.0  # longest life of the connection
    line_bytes: int = 1_000_000
    literal_bytes: int = 1_000_000
    answer_bytes: int = 4_000_000  # one whole answer
    answer_lines: int = 200_000


class WireError(Exception):
    """The connection is closed. `code` is "server-closed", "too-slow", "too-much" or "garbled".

    `said` is the server's last BYE, if any: for our own judgement, never for people or logs.
    """

    def __init__(self, code: str, said: bytes = b"") -> None:
        super().__init__(code)
        self.code = code
        self.said = said


class UnsafeArgument(ValueError):
    """An argument with CR, LF or NUL would end the command and begin another."""


class Literal(bytes):
    """An argument to send as a literal: any bytes but CR, LF and NUL."""


class Continuation(bytes):
    """A line to send when the server asks for it (SASL)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `status` is OK, NO or BAD, `text` what followed it.

    `responses` are the untagged ones in order, each as [text, literal, text, …] without line ends and
    literal marks.
    """

    status: str
    text: bytes = field(repr=False)
    responses: list[list[bytes]] = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the command succeeded."""
        return self.status == "OK"


def check_argument(argument: bytes | str) -> None:
    """Raise UnsafeArgument for CR, LF or NUL."""
    data = argument.encode("utf-8", "surrogatepass") if isinstance(argument, str) else argument
    if _LINE_BREAKERS.search(data):
        raise UnsafeArgument("CR, LF or NUL in an IMAP argument")


def quoted(text: bytes) -> bytes:
    """`text` as an IMAP string: quoted where that is allowed, else a Literal (RFC 3501 §4.3)."""
    if len(text) > 1000 or any(byte > 126 or byte < 32 for byte in text):
        return Literal(text)
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _nothing() -> None:
    """What is called where nobody wants to be."""


class Wire(imaplib.IMAP4):
    """imaplib's connection over a socket that was opened and checked before."""

    def __init__(self, sock: socket.socket, host: str, port: int, limits: Limits) -> None:
        self.sock = sock
        self.limits = limits
        self.on_bytes: Callable[[], None] = _nothing  # called before each wait for bytes
        self.non_synchronising = False  # LITERAL+: literals are sent without asking
        self._buffer = bytearray()
        self._at = 0
        self._said = b""
        self._end = time.monotonic() + limits.whole_seconds
        self._allow()
        super().__init__(host, port)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """The socket is open already."""
        self.host = host
        self.port = port

    def ask(self, *parts: bytes, limits: Limits | None = None) -> Answer:
        """Send one command, its parts joined by spaces, and read the whole answer.

        Raises UnsafeArgument before anything is sent, WireError when the connection is of no more use.
        """
        for part in parts:
            check_argument(part)
        tag: bytes = self._new_tag()
        self._allow(limits)
        responses: list[list[bytes]] = []
        ended = self._send_parts(tag, parts, responses)
        return ended or self._read_answer(tag, responses)

    def post(self, *parts: bytes) -> bytes:
        """Send one command without literals; `gather` must read its answer before any other is sent."""
        for part in parts:
            check_argument(part)
        tag: bytes = self._new_tag()
        self.send(b" ".join((tag, *parts)) + b"\r\n")
        return tag

    def gather(self, tag: bytes, limits: Limits | None = None) -> Answer:
        """Read the answer to what was posted."""
        self._allow(limits)
        return self._read_answer(tag, [])

    def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Go over to TLS after STARTTLS. Raises ssl.SSLError, OSError or WireError.

        Bytes that came before the handshake came from anybody: they end the connection.
        """
        if self._at < len(self._buffer):
            self._fail("garbled")
        self.sock.settimeout(self.limits.connect_seconds)
        self.sock = context.wrap_socket(self.sock, server_hostname=name)
        self._tls_established = True

    # What imaplib lets its heirs replace.

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        if size > self._now.literal_bytes or size > self._budget + len(self._buffer) - self._at:
            self._fail("too-much")
        if len(self._buffer) - self._at >= size:
            return self._take(size)
        chunks = [self._take(len(self._buffer) - self._at)]
        missing = size - len(chunks[0])
        while missing:
            chunk = self._receive(min(missing, _CHUNK))
            chunks.append(chunk)
            missing -= len(chunk)
        return b"".join(chunks)

    def readline(self) -> bytes:
        """One line with its end."""
        searched = self._at
        while (end := self._buffer.find(b"\n", searched)) < 0:
            if self._at:
                del self._buffer[: self._at]
                self._at = 0
            searched = len(self._buffer)
            if searched > self._now.line_bytes:
                self._fail("too-much")
            self._buffer += self._receive(_CHUNK)
        if end - self._at > self._now.line_bytes:
            self._fail("too-much")
        return self._take(end + 1 - self._at)

    def send(self, data: "Buffer") -> None:
        """All of `data`."""
        try:
            self.sock.settimeout(self.limits.silence_seconds)
            self.sock.sendall(data)
        except TimeoutError:
            self._fail("too-slow")
        except OSError:
            self._fail("server-closed")

    def shutdown(self) -> None:
        """Close the socket."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was quicker
        finally:
            self.sock.close()

    def _connect(self) -> None:
        """Read the greeting. imaplib's own way gives up on lawful answers like "OK" without a text."""
        prefix = b"M%X" % secrets.randbelow(0xFFFF)
        self.tagpre = prefix  # type: ignore[assignment]  # typeshed says str; imaplib works in bytes
        tagged = b"(?P<tag>" + prefix + rb"\d+) (?P<type>[A-Z]+) (?P<data>.*)"
        self.tagre = re.compile(tagged, re.ASCII)  # type: ignore[arg-type]
        self.PROTOCOL_VERSION = "IMAP4REV1"
        self.welcome = self.readline().strip()
        greeting = _GREETING.match(self.welcome)
        if not greeting:
            self._fail("garbled")
        if greeting[1].upper() == b"BYE":
            self._said = greeting[2] or b"[UNAVAILABLE]"
            self._fail("server-closed")
        self.state = "AUTH" if greeting[1].upper() == b"PREAUTH" else "NONAUTH"

    def _log(self, line: str) -> None:
        """imaplib would keep the last commands here."""

    def _new_tag(self) -> bytes:
        # Every command begins with a tag, whoever sends it: time and bytes are counted from here.
        self._allow()
        tag: bytes = super()._new_tag()  # type: ignore[misc]
        return tag

    def _command(self, name: str, *args: bytes | str | None) -> bytes:
        for argument in args:
            if argument is not None:
                check_argument(argument)
        tag: bytes = super()._command(name, *args)  # type: ignore[misc]
        return tag

    def _allow(self, limits: Limits | None = None) -> None:
        self._now = limits or self.limits
        self._deadline = min(self._end, time.monotonic() + self._now.command_seconds)
        self._budget = self._now.answer_bytes

    def _take(self, size: int) -> bytes:
        taken = bytes(memoryview(self._buffer)[self._at : self._at + size])
        self._at += size
        return taken

    def _receive(self, size: int) -> bytes:
        self.on_bytes()
        left = self._deadline - time.monotonic()
        if left <= 0:
            self._fail("too-slow")
        try:
            self.sock.settimeout(min(left, self._now.silence_seconds))
            chunk = self.sock.recv(size)
        except TimeoutError:
            self._fail("too-slow")
        except OSError:
            self._fail("server-closed")
        if not chunk:
            self._fail("server-closed")
        self._budget -= len(chunk)
        if self._budget < 0:
            self._fail("too-much")
        return chunk

    def _fail(self, code: str) -> NoReturn:
        self.shutdown()
        raise WireError(code, self._said) from None

    def _send_parts(self, tag: bytes, parts: Sequence[bytes], responses: list[list[bytes]]) -> Answer | None:
        """Send the command. An Answer is one that came before all of it was sent: a refusal."""
        line = tag
        for part in parts:
            if isinstance(part, Continuation):
                self.send(line + b"\r\n")
            elif isinstance(part, Literal):
                mark = b"+" if self.non_synchronising else b""
                self.send(line + b" {%d%b}\r\n" % (len(part), mark))
            else:
                line += b" " + part
                continue
            waits = isinstance(part, Continuation) or not self.non_synchronising
            if waits and (refused := self._await_go_ahead(tag, responses)):
                return refused
            line = bytes(part)
        self.send(line + b"\r\n")
        return None

    def _await_go_ahead(self, tag: bytes, responses: list[list[bytes]]) -> Answer | None:
        while True:
            line = self.readline()
            if line.startswith(b"+"):
                return None
            if ended := self._take_in(line, tag, responses):
                return ended

    def _read_answer(self, tag: bytes, responses: list[list[bytes]]) -> Answer:
        while True:
            if ended := self._take_in(self.readline(), tag, responses):
                return ended

    def _take_in(self, line: bytes, tag: bytes, responses: list[list[bytes]]) -> Answer | None:
        if line.startswith(b"* "):
            responses.append(self._whole(line))
            if len(responses) > self._now.answer_lines:
                self._fail("too-much")
            return None
        if line.startswith(tag + b" "):
            status, _, text = line[len(tag) + 1 :].strip().partition(b" ")
            return Answer(status.upper().decode("ascii", "replace"), text, responses)
        if line.strip():  # servers are seen to send blank lines
            self._fail("garbled")
        return None

    def _whole(self, line: bytes) -> list[bytes]:
        """The response that begins with `line`, with its literals."""
        if _STATUS_LINE.match(line):  # free text, which may end like a literal's mark
            if line[2:5].upper() == b"BYE":
                self._said = line[5:].strip()
            return [line.rstrip(b"\r\n")]
        pieces: list[bytes] = []
        while line.endswith((b"}\r\n", b"}\n")) and (mark := _LITERAL_MARK.search(line)):
            size = int(mark[1]) if len(mark[1]) < 19 else 1 << 63
            pieces += [line[: mark.start()], self.read(size)]
            line = self.readline()
        pieces.append(line.rstrip(b"\r\n"))
        return pieces
