"""Readers for the tests: alice owns, bob is somebody else, charlie must see nothing."""

import functools
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from celery import Task
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import authenticator, keyring, ownership, unlocking
from accounts.kdf import Cost
from accounts.keyring import Vault
from accounts.models import Authenticator, User
from mail import sync

pytest_plugins = ["tests.servers.fixtures"]

PASSWORD = "correct horse battery staple"


@dataclass
class Reader:
    """A signed-up reader, whose vault is open in the test's hands."""

    user: User
    vault: Vault
    device: Authenticator
    password: str = PASSWORD

    @property
    def pk(self) -> int:
        return self.user.pk


class Wall:
    """Whether this process's own connection stands behind row level security, as everybody else's does.

    The body of a test looks at everybody's rows. What it asks for (a page, a task) does not.
    """

    up = False

    @classmethod
    def tell(cls) -> None:
        """Past Django: no test counts it, and none is refused it for want of a database."""
        raw: Any = connection.connection
        if raw is not None and not raw.closed:
            with suppress(psycopg.errors.InFailedSqlTransaction):  # its end brings back what was
                raw.execute("SELECT set_config('app.all', %s, false)", ["" if cls.up else "on"])


@receiver(connection_created)
def see_everything(sender: Any, connection: Any, **_: Any) -> None:
    if threading.current_thread() is threading.main_thread() and not Wall.up:
        connection.connection.execute("SELECT set_config('app.all', 'on', false)")


@contextmanager
def behind_the_wall() -> Iterator[None]:
    """As in production: owned rows are there inside `acting_as` only."""
    if Wall.up:
        yield
        return
    Wall.up = True
    token = ownership._whose.set(None)
    Wall.tell()
    try:
        yield
    finally:
        ownership._whose.reset(token)
        Wall.up = False
        Wall.tell()


@pytest.fixture(autouse=True)
def only_the_body_sees_everything(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Requests of the test client, tasks, syncs and commands that are called run as in production."""
    for owner, name in (
        (Client, "request"),
        (Task, "__call__"),
        (sync, "run_unit"),
        (BaseCommand, "execute"),
    ):
        monkeypatch.setattr(owner, name, _walled(getattr(owner, name)))
    token = ownership._whose.set(ownership._EVERYBODY)
    yield
    ownership._whose.reset(token)


def _walled(inner: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        with behind_the_wall():
            return inner(*args, **options)

    return call


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Any) -> None:
    """Argon2id at its floor: tests sign in often."""
    settings.PASSWORD_COST = Cost(memory=19 * 1024, passes=2, lanes=1)


@pytest.fixture(autouse=True)
def limits_of_its_own(settings: Any) -> None:
    """What other tests asked for counts in none but them."""
    settings.RATELIMIT_CACHE_PREFIX = f"rl:{uuid.uuid4().hex}:"


@pytest.fixture(autouse=True)
def uncollected_static_files(settings: Any) -> None:
    """Pages name static files as they lie in the checkout: a fresh clone has collected none."""
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}


@functools.cache
def _login_hash() -> str:
    """Of the one password, at the floor: made once, since thousands of tests have readers."""
    return make_password(PASSWORD)


def sign_up(name: str, **rights: bool) -> Reader:
    """A reader with keys, authenticator and nothing else."""
    user = User.objects.create(username=name, password=_login_hash(), is_active=True, **rights)
    identity, vault = keyring.make(user.pk, PASSWORD)
    identity.enrolled_at = timezone.now()
    identity.save(force_insert=True)
    return Reader(user, vault, authenticator.make(user, confirmed=True))


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
