"""Readers for the tests: alice owns, bob is somebody else, charlie must see nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import keyring, unlocking
from accounts.kdf import Cost
from accounts.keyring import Vault
from accounts.models import User

pytest_plugins = ["tests.servers.fixtures"]

PASSWORD = "correct horse battery staple"


@dataclass
class Reader:
    """A signed-up reader, whose vault is open in the test's hands."""

    user: User
    vault: Vault
    device: TOTPDevice
    password: str = PASSWORD

    @property
    def pk(self) -> int:
        return self.user.pk


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Any) -> None:
    """Argon2id at its floor: tests sign in often."""
    settings.PASSWORD_COST = Cost(memory=19 * 1024, passes=2, lanes=1)


@pytest.fixture(autouse=True)
def uncollected_static_files(settings: Any) -> None:
    """Pages name static files as they lie in the checkout: a fresh clone has collected none."""
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}


def sign_up(name: str, **rights: bool) -> Reader:
    """A reader with keys, authenticator and nothing else."""
    user = User.objects.create(username=name, password=make_password(PASSWORD), is_active=True, **rights)
    identity, vault = keyring.make(user.pk, PASSWORD)
    identity.enrolled_at = timezone.now()
    identity.save(force_insert=True)
    device = TOTPDevice.objects.create(user=user, name="authenticator", confirmed=True)
    return Reader(user, vault, device)


def sign_in(reader: Reader) -> Client:
    """A browser in which the reader has signed in with both factors."""
    client = Client()
    request = RequestFactory().get("/")
    request.session = client.session
    request.user = AnonymousUser()
    unlocking.sign_in(request, reader.user, reader.vault, reader.device)
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
    client.cookies[unlocking.COOKIE] = unlocking.cookie_value(request.half_to_set)
    return client


@pytest.fixture
def make_reader(db: None) -> Callable[..., Reader]:
    return sign_up


@pytest.fixture
def alice(db: None) -> Reader:
    return sign_up("alice")


@pytest.fixture
def bob(db: None) -> Reader:
    return sign_up("bob")


@pytest.fixture
def charlie(db: None) -> Reader:
    return sign_up("charlie")


@pytest.fixture
def operator(db: None) -> Reader:
    return sign_up("operator", is_staff=True, is_superuser=True)


@pytest.fixture
def alice_client(alice: Reader) -> Client:
    return sign_in(alice)


@pytest.fixture
def charlie_client(charlie: Reader) -> Client:
    return sign_in(charlie)


@pytest.fixture
def operator_client(operator: Reader) -> Client:
    return sign_in(operator)
