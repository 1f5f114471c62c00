"""A name server on loopback that knows what a test says. Its answers are written by dnspython."""

import contextlib
import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.resolver import Resolver


class NameServer:
    """Serves `records`, (name, kind) → texts, over UDP. Use as a context manager.

    `asked` are the questions that came; a name in `silent` gets no answer at all.
    """

    def __init__(self, records: dict[tuple[str, str], list[str]] | None = None) -> None:
        self.records = records or {}
        self.silent: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "NameServer":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def resolver(self) -> Resolver:
        """A resolver that asks this server and no other."""
        resolver = Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self.port
        return resolver

    def _serve(self) -> None:
        while True:
            try:
                data, sender = self._socket.recvfrom(4096)
            except OSError:
                return
            if not data:  # shut down
                return
            if answer := self._answer(data):
                self._socket.sendto(answer, sender)

    def _answer(self, data: bytes) -> bytes | None:
        question = dns.message.from_wire(data)
        name, kind = question.question[0].name, question.question[0].rdtype
        key = (name.to_text(omit_final_dot=True).lower(), kind.name)
        self.asked.append(key)
        if key[0] in self.silent:
            return None
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if texts := self.records.get(key):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *texts))
        elif not any(known == key[0] for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()
