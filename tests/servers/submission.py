"""A server for sending that says what a test wants, and remembers what it was told.

A script maps a command ("EHLO", "AUTH") to its answer, or to a list of answers for the first, second, … time.
A line that is no command it knows ("" in the script) is the next step of a sign-in.
"""

import contextlib
import socket
import ssl
import threading

CLOSE = b"<<close>>"
Script = dict[str, bytes | list[bytes]]

DEFAULTS: Script = {
    "EHLO": b"250-hello\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n",
    "STARTTLS": b"220 go on\r\n",
    "AUTH": b"235 done\r\n",
    "": b"235 done\r\n",
    "QUIT": b"221 bye\r\n",
}


class SubmissionServer:
    """Serves one script on loopback. Use as a context manager. `commands` are the lines that came."""

    host = "127.0.0.1"

    def __init__(
        self,
        script: Script | None = None,
        *,
        greeting: bytes = b"220 hello\r\n",
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self.script = DEFAULTS | (script or {})
        self.greeting, self.tls, self.starttls = greeting, tls, starttls
        self.commands: list[bytes] = []
        self.connections = 0
        self._counts: dict[str, int] = {}
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "SubmissionServer":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
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
        with contextlib.suppress(OSError, ValueError):
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            self._converse(sock)
        sock.close()

    def _converse(self, sock: socket.socket) -> None:
        text, close, _ = self.greeting.partition(CLOSE)
        sock.sendall(text)
        if close:
            return
        buffer = b""
        while True:
            while b"\r\n" not in buffer:
                data = sock.recv(65536)
                if not data:
                    return
                buffer += data
            line, _, buffer = buffer.partition(b"\r\n")
            self.commands.append(line)
            name = line.split(b" ")[0].decode("latin-1").upper()
            text, close, _ = self._answer(name if name in self.script else "").partition(CLOSE)
            sock.sendall(text)
            if close or name == "QUIT":
                return
            if name == "STARTTLS" and self.starttls:
                sock = self.starttls.wrap_socket(sock, server_side=True)

    def _answer(self, name: str) -> bytes:
        chosen = self.script[name]
        if isinstance(chosen, bytes):
            return chosen
        count = self._counts.get(name, 0)
        self._counts[name] = count + 1
        return chosen[min(count, len(chosen) - 1)]
