"""Mail servers as fixtures. `dovecot` is shared by a whole test run: take a user of your own."""

import itertools
import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.networks import AllowedNetwork, parse_networks
from tests.servers.certificates import Authority, Identity
from tests.servers.dovecot import Dovecot, Options, installed
from tests.servers.identity import IdentityProvider, provider_at
from tests.servers.scripted import Script, ScriptedServer

USERS = {"alice": "pass word", "bob": 'Schlüssel-ß€"\\', "charlie": "nothing"} | {
    f"user{number}": "secret" for number in range(200)
}
_numbers = itertools.count()


def require_dovecot() -> None:
    """Skip where there is no Dovecot; with CI=true that is a failure."""
    if installed():
        return
    if os.environ.get("CI") == "true":
        pytest.fail("Dovecot is missing: apt-get install dovecot-imapd")
    pytest.skip("Dovecot is missing: apt-get install dovecot-imapd")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot with all that it offers; users are those of USERS."""
    require_dovecot()
    with Dovecot(USERS) as server:
        yield server


@pytest.fixture
def start_dovecot() -> Iterator[Callable[..., Dovecot]]:
    """start_dovecot(max_connections=3, …): a Dovecot of one's own; options as in Options."""
    require_dovecot()
    started: list[Dovecot] = []

    def start(**options: object) -> Dovecot:
        server = Dovecot(USERS, Options(**options))  # type: ignore[arg-type]
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.__exit__()


@pytest.fixture
def mail_user(dovecot: Dovecot) -> str:
    """The name of a user of `dovecot` whose mailbox no other test has seen. The password is "secret"."""
    return f"user{next(_numbers)}"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """A certificate authority that connections of this test trust."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    return authority


@pytest.fixture
def idp(authority: Authority, settings: Any) -> Iterator[IdentityProvider]:
    """An identity provider that the product takes for Google; its mail server is nowhere."""
    with IdentityProvider(server_context(authority.issue()), settings.BASE_URL) as provider:
        settings.OAUTH_PROVIDERS = {"google": provider_at(provider.url, 993)}
        settings.ALLOWED_MAIL_NETWORKS = loopback(provider.port)
        yield provider


@pytest.fixture
def post_office(authority: Authority, idp: IdentityProvider, settings: Any) -> Iterator[Dovecot]:
    """A Dovecot that takes the tokens of `idp`, for alice@example.org; its mail server by TLS."""
    require_dovecot()
    options = Options(
        identity=authority.issue(),
        introspection=f"https://127.0.0.1:{idp.port}/introspect",
        introspection_authority=authority.path,
    )
    with Dovecot({"alice@example.org": "secret"}, options) as server:
        settings.OAUTH_PROVIDERS = {"google": provider_at(idp.url, server.tls_port)}
        settings.ALLOWED_MAIL_NETWORKS = loopback(idp.port, server.tls_port)
        yield server


def loopback(*ports: int) -> list[AllowedNetwork]:
    """The operator's list: these ports of this machine."""
    return parse_networks([f"{host}:{port}" for port in ports for host in ("127.0.0.1/32", "[::1]")])


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    """serve(script, greeting=…, tls=…, starttls=…): a scripted server that runs until the test ends."""
    started: list[ScriptedServer] = []

    def start(script: Script | None = None, **options: object) -> ScriptedServer:
        server = ScriptedServer(script, **options)  # type: ignore[arg-type]
        started.append(server.__enter__())
        return server

    yield start
    for server in started:
        server.__exit__()


def server_context(identity: Identity) -> ssl.SSLContext:
    """The server's side of TLS with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    return context
