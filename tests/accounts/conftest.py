"""Browsers and helpers for the pages of the door."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import authenticator, mailboxes
from accounts.mailboxes import Details
from accounts.models import MailAccount
from tests.conftest import Reader, sign_in


@pytest.fixture
def visitor() -> Client:
    """A browser on this machine that nobody has signed in with."""
    return Client(SERVER_NAME="localhost")


@pytest.fixture
def on_a_phone(alice: Reader, alice_client: Client) -> Client:
    """A second session of alice."""
    return sign_in(alice)


def code_of(reader: Reader) -> str:
    """The code that the reader's app shows now."""
    return authenticator.code_of(reader.device)[0]


def wrong_code_of(reader: Reader) -> str:
    """One that the app does not show within ten minutes of now."""
    near = {f"{reader.device.totp(_now() + 30 * step).token():06d}" for step in range(-25, 26)}
    return next(code for code in (f"{number:06d}" for number in range(100)) if code not in near)


def _now() -> float:
    return time.time()


@pytest.fixture
def make_account() -> Callable[..., MailAccount]:
    """make_account(alice, host="imap.example.org"): a stored mail account."""

    def make(reader: Reader, **columns: Any) -> MailAccount:
        details = {
            "name": "Work",
            "address": "alice@example.org",
            "host": "imap.example.org",
            "port": 993,
            "security": "tls",
            "username": "alice",
            "password": "first secret",
        }
        return mailboxes.add(reader.vault, Details(**{**details, **columns}))

    return make
