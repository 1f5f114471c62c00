"""Open a verified IMAP connection for a mail account."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from imapclient import IMAPClient

from accounts.networks import AllowedNetwork
from accounts.wire import Limits

Security = Literal["tls", "starttls", "none"]


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mailbox is and how to enter it."""

    host: str
    port: int
    security: Security
    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tested:
    """What "Test connection" found: `code` is "ok" or one of ConnectionFailed."""

    code: str
    capabilities: frozenset[str] = frozenset()


class ConnectionFailed(Exception):
    """Why no connection was made. `permanent`: another try without a change by the reader is of no use.

    Codes: name-unknown, address-refused, port-refused, plaintext-refused, unreachable, connect-timeout,
    tls-failed, certificate-expired, certificate-self-signed, certificate-wrong-name, certificate-untrusted,
    starttls-missing, not-imap, login-refused, login-disabled, server-busy, server-closed.
    """

    def __init__(self, code: str, *, permanent: bool = False, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent
        self.retry_after = retry_after


class Client(IMAPClient):  # type: ignore[misc]
    """An IMAPClient on a connection that was checked, and that reads under limits."""

    def ask(self, command: bytes, *arguments: bytes) -> Any:
        """Send one command and read its whole answer."""
        raise NotImplementedError


def open_imap(server: Server, *, allowed: Sequence[AllowedNetwork], limits: Limits | None = None) -> Client:
    """Resolve, connect, verify, log in. Raises ConnectionFailed; nothing stays open then."""
    raise NotImplementedError


def test_connection(server: Server, *, allowed: Sequence[AllowedNetwork]) -> Tested:
    """Try `server` as a sync would, and say what was found. Raises nothing."""
    raise NotImplementedError
