"""A web server on loopback that says what a test wants, byte for byte, over TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterable


class RawWeb:
    """Answers each request with the same pieces, one after the other. `requests` are the heads received."""

    def __init__(self, pieces: Iterable[bytes], context: ssl.SSLContext) -> None:
        self.pieces = pieces
        self.context = context
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "RawWeb":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), self.context.wrap_socket(sock, server_side=True) as secure:
                self.requests.append(secure.recv(65_536))
                for piece in self.pieces:
                    secure.sendall(piece)
