"""Sessions with scripted servers and with Dovecot."""

from collections.abc import Callable, Iterator

import pytest

from accounts.connections import Client, Server, open_imap
from accounts.networks import parse_networks
from accounts.wire import Limits
from mail.imap.session import Session
from tests.servers.dovecot import Dovecot
from tests.servers.scripted import ScriptedServer

QUICK = Limits(connect_seconds=2, silence_seconds=1, command_seconds=3)


def connect(server: ScriptedServer | Dovecot, username: str = "alice", limits: Limits = QUICK) -> Client:
    """A logged-in client of a server of ours; the password is "secret"."""
    allowed = parse_networks([f"127.0.0.1/32:{server.port}"])
    return open_imap(
        Server("127.0.0.1", server.port, "none", username, "secret"), allowed=allowed, limits=limits
    )


@pytest.fixture
def session_with(serve: Callable[..., ScriptedServer]) -> Iterator[Callable[..., Session]]:
    """session_with(script): a session with a scripted server; `session.server` is the server."""
    opened: list[Session] = []

    def start(script: dict[str, object], *, limits: Limits = QUICK, offers: str = "") -> Session:
        capability = f"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR {offers}\r\nTAG OK\r\n".encode()
        server = serve({"CAPABILITY": capability} | script)
        session = Session(connect(server, limits=limits))
        session.server = server  # type: ignore[attr-defined]
        opened.append(session)
        return session

    yield start
    for session in opened:
        session.logout()


@pytest.fixture
def dovecot_session(dovecot: Dovecot, mail_user: str) -> Iterator[Session]:
    """A session of `mail_user` at Dovecot."""
    with Session(connect(dovecot, mail_user, Limits())) as session:
        yield session
