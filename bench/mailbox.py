"""A Dovecot mailbox filled quickly: mails by the hundred (RFC 3502), with dates and flags of their own."""

import imaplib
import time
from collections.abc import Iterable, Iterator
from itertools import islice

from mailhelper.services.errors import ServiceError
from tests.servers.dovecot import Dovecot

USER, PASSWORD = "reader", "a password of the mail server"
DAYS = 1000  # a mailbox of so many days
_AT_ONCE = 100
_SEEN_OF_TEN = 8


def fill(server: Dovecot, mails: Iterable[bytes], count: int) -> int:
    """Append `count` mails to the inbox, oldest first, the last just now. Returns their bytes."""
    start = time.time() - DAYS * 86_400
    dated = ((start + DAYS * 86_400 * (number + 1) / count, mail) for number, mail in enumerate(mails))
    size = 0
    with server.mailbox(USER) as box:
        while some := list(islice(dated, _AT_ONCE)):
            size += sum(len(mail) for _, mail in some)
            _append(box.connection, some)
    return size


def sources(server: Dovecot, uids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """The bytes of mails in the inbox, as the server gives them."""
    with server.mailbox(USER) as box:
        box.connection.select("INBOX", readonly=True)
        for uid in uids:
            _, answer = box.connection.uid("FETCH", str(uid), "(BODY.PEEK[])")
            yield uid, next(piece[1] for piece in answer if isinstance(piece, tuple))


def _append(connection: imaplib.IMAP4, mails: list[tuple[float, bytes]]) -> None:
    """One command for all, each literal sent without asking (RFC 7888)."""
    tag = connection._new_tag()
    command = tag + b" APPEND INBOX"
    for number, (at, mail) in enumerate(mails):
        flags = b"(\\Seen)" if number % 10 < _SEEN_OF_TEN else b"()"
        date = imaplib.Time2Internaldate(at).encode()
        command += b" %b %b {%d+}\r\n%b" % (flags, date, len(mail), mail)
    connection.send(command + b"\r\n")
    while not (line := connection.readline()).startswith(tag):
        if not line:
            raise ServiceError("Dovecot closed the connection while it was being filled.")
    if b" OK" not in line:
        raise ServiceError("Dovecot does not take the mails.")
