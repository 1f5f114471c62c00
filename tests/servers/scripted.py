"""An IMAP server that says what a test wants, byte for byte, and remembers what it was told.

A script maps the name of a command ("LOGIN", "UID FETCH") to its answer: bytes, or a function of the tag
and the command's line; or a list of answers for the first, second, … time. `TAG` in an answer becomes the
command's tag; CLOSE ends the connection after what came before it. Commands that the script does not name get
plain, lawful answers.
"""

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

CLOSE = b"<<close>>"
Answer = bytes | Callable[[bytes, bytes], bytes | Iterator[bytes]]
Script = dict[str, Answer | list[Answer]]

DEFAULTS: Script = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\nTAG OK\r\n",
    "AUTHENTICATE": b"TAG OK done\r\n",
    "LOGIN": b"TAG OK done\r\n",
    "LOGOUT": b"* BYE\r\nTAG OK done\r\n",
    "EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 4] x\r\nTAG OK [READ-ONLY] x\r\n",
    "NOOP": b"TAG OK done\r\n",
}
_COMMAND = re.compile(rb"(\S+) ((?:UID )?[A-Za-z]+)(?: (.*))?\Z", re.DOTALL)
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\Z")


class Closed(Exception):
    """The script or the client ended the connection."""


class ScriptedServer:
    """Serves one script on loopback, each connection in a thread. Use as a context manager.

    `commands` are the lines received, literals included; `received` every byte in the clear or inside TLS.
    Without `literals` no literal is asked for: the command is answered at its mark.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        script: Script | None = None,
        *,
        greeting: bytes = b"* OK hello\r\n",
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        literals: bool = True,
    ) -> None:
        self.script = DEFAULTS | (script or {})
        self.greeting = greeting
        self.tls = tls
        self.starttls = starttls
        self.literals = literals
        self.commands: list[bytes] = []
        self.received = b""
        self.connections = 0
        self._counts: dict[str, int] = {}
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "ScriptedServer":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
        self._thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            _Conversation(self, sock).run()
        except (OSError, Closed, ValueError):
            pass  # the client went away, which is what many tests are about
        finally:
            sock.close()

    def answer(self, name: str, tag: bytes, line: bytes) -> bytes | Iterator[bytes]:
        """What the script says to this command."""
        chosen: Any = self.script.get(name, b"TAG BAD unknown\r\n")
        if isinstance(chosen, list):
            count = self._counts.get(name, 0)
            self._counts[name] = count + 1
            chosen = chosen[min(count, len(chosen) - 1)]
        answer = chosen(tag, line) if callable(chosen) else chosen
        return answer.replace(b"TAG ", tag + b" ") if isinstance(answer, bytes) else answer


class _Conversation:
    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.buffer = b""

    def run(self) -> None:
        self.say(self.server.greeting)
        while True:
            line = self.command()
            self.server.commands.append(line)
            found = _COMMAND.match(line)
            if not found:
                self.say(b"* BAD what\r\n")
                continue
            tag, name = found[1], found[2].decode().upper()
            self.say(self.server.answer(name, tag, line))
            if name == "STARTTLS" and self.server.starttls:
                self.sock = self.server.starttls.wrap_socket(self.sock, server_side=True)
            if name == "LOGOUT":
                raise Closed

    def say(self, answer: bytes | Iterator[bytes]) -> None:
        for part in [answer] if isinstance(answer, bytes) else answer:
            text, close, _ = part.partition(CLOSE)
            self.sock.sendall(text)
            if close:
                raise Closed

    def command(self) -> bytes:
        """One command with its literals, which are asked for where the client waits."""
        line = self.line()
        while literal := _LITERAL.search(line):
            if not self.server.literals:
                return line
            if not literal[2]:
                self.sock.sendall(b"+ go\r\n")
            line += b"\r\n" + self.take(int(literal[1])) + self.line()
        return line

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self.receive()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self.receive()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def receive(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        self.buffer += data
        self.server.received += data


def drip(data: bytes, seconds: float) -> Callable[[bytes, bytes], Iterator[bytes]]:
    """An answer that comes byte by byte."""

    def answer(tag: bytes, line: bytes) -> Iterator[bytes]:
        for byte in data:
            time.sleep(seconds)
            yield bytes([byte])

    return answer


def flood(line: bytes, times: int) -> Callable[[bytes, bytes], Iterator[bytes]]:
    """An answer of the same line over and over, which never ends the command."""

    def answer(tag: bytes, command: bytes) -> Iterator[bytes]:
        block = line * 1000
        for _ in range(times // 1000):
            yield block

    return answer


def fetched(*mails: tuple[int, bytes], flags: bytes = b"\\Seen") -> bytes:
    """FETCH responses for (uid, raw), as a well-behaved server writes them."""
    return b"".join(
        b'* %d FETCH (UID %d FLAGS (%b) INTERNALDATE "17-Nov-2026 10:00:00 +0100" RFC822.SIZE %d '
        b"BODY[] {%d}\r\n%b)\r\n" % (uid, uid, flags, len(raw), len(raw), raw)
        for uid, raw in mails
    )
