"""Accounts of alice on real and on scripted servers."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import MailAccount
from accounts.networks import parse_networks
from tests.conftest import Reader
from tests.mail.mailboxes import account_at
from tests.servers.dovecot import Dovecot
from tests.servers.scripted import ScriptedServer


@pytest.fixture
def account(alice: Reader, dovecot: Dovecot, mail_user: str, settings: Any) -> MailAccount:
    """An account of alice on an empty mailbox."""
    settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{dovecot.port}"])
    return account_at(alice, dovecot.port, mail_user)


@pytest.fixture
def box(dovecot: Dovecot, mail_user: str) -> Any:
    """The same mailbox as another program sees it."""
    with dovecot.mailbox(mail_user) as mailbox:
        yield mailbox


@pytest.fixture
def scripted(alice: Reader, serve: Callable[..., ScriptedServer], settings: Any) -> Any:
    """An account of alice on a server that says what the test wants."""

    def start(script: dict[str, Any]) -> tuple[MailAccount, ScriptedServer]:
        server = serve(script)
        settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{server.port}"])
        return account_at(alice, server.port, "alice"), server

    return start
