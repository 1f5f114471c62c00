"""The authenticator: its secret under the server's key, codes that work once, clocks that are wrong."""

import base64
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import authenticator, backupcodes, serverkeys
from accounts.models import Authenticator, SecurityEvent
from accounts.models.authenticator import STEP
from accounts.sealing import CannotOpen
from tests.accounts.conftest import code_of, wrong_code_of
from tests.conftest import PASSWORD, Reader

SIGN_IN, CODE = "/sign-in/", "/sign-in/code/"
OTHER_KEY = serverkeys.parse_keys(serverkeys.new_keys().replace("1:", "7:"))


def first_factor(browser: Client) -> None:
    assert browser.post(SIGN_IN, {"username": "alice", "password": PASSWORD}).status_code == 302


def code_in(reader: Reader, steps: int) -> str:
    """The code that an app shows now whose clock is so many half minutes ahead."""
    return f"{reader.device.totp(timezone.now().timestamp() + steps * STEP).token():06d}"


def test_the_secret_opens_in_its_own_row_only(alice: Reader, bob: Reader) -> None:
    assert len(alice.device.key) == 20
    assert alice.device.key not in bytes(alice.device.secret)
    alice.device.secret = bob.device.secret
    with pytest.raises(CannotOpen):
        _ = alice.device.key


def test_the_picture_says_what_apps_must_know(alice: Reader) -> None:
    url = urlsplit(alice.device.config_url)
    values = parse_qs(url.query)
    assert (url.scheme, url.netloc, unquote(url.path)) == ("otpauth", "totp", "/Mail Helper:alice")
    assert base64.b32decode(values["secret"][0]) == alice.device.key
    assert (values["period"], values["digits"], values["issuer"]) == (["30"], ["6"], ["Mail Helper"])


@pytest.mark.django_db(transaction=True)
def test_of_eight_requests_with_one_code_one_passes(alice: Reader, settings: Any) -> None:
    settings.RATELIMIT_ENABLE = False
    browsers = [Client(SERVER_NAME="localhost") for _ in range(8)]
    for browser in browsers:
        first_factor(browser)
    code, together = code_of(alice), threading.Barrier(8)

    def enter(browser: Client) -> int:
        together.wait()
        try:
            return browser.post(CODE, {"code": code}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(enter, browsers))
    assert sorted(found) == [302, *[422] * 7]


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_that_is_half_a_minute_off_does_not_matter(
    visitor: Client, alice: Reader, steps: int
) -> None:
    first_factor(visitor)
    assert visitor.post(CODE, {"code": code_in(alice, steps)}).status_code == 302
    alice.device.refresh_from_db()
    assert alice.device.drift == steps


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_clock_that_is_40_s_off_is_named_at_sign_in(visitor: Client, alice: Reader, steps: int) -> None:
    """Of 40 s, one moment in three makes two steps."""
    first_factor(visitor)
    response = visitor.post(CODE, {"code": code_in(alice, steps)})
    assert response.status_code == 422
    assert "a clock that is 1 min off" in response.content.decode()


@pytest.mark.parametrize("steps", [1, 2])
def test_a_clock_that_is_40_s_off_passes_from_then_on(visitor: Client, alice: Reader, steps: int) -> None:
    Authenticator.objects.update(drift=1)
    first_factor(visitor)
    assert visitor.post(CODE, {"code": code_in(alice, steps)}).status_code == 302


def test_of_clocks_that_are_further_off_a_stranger_learns_nothing(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    response = visitor.post(CODE, {"code": code_in(alice, 3)})
    assert "The code was not taken." in response.content.decode()


def test_a_used_code_tells_nothing_of_clocks(visitor: Client, alice: Reader) -> None:
    now = alice.device.totp(timezone.now().timestamp()).t()
    Authenticator.objects.update(last_t=now - 2)
    first_factor(visitor)
    response = visitor.post(CODE, {"code": code_in(alice, -2)})
    assert "The code was not taken." in response.content.decode()


def test_a_key_that_the_server_lost_is_told_and_is_nobodys_failure(
    visitor: Client, alice: Reader, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    backup = backupcodes.issue(alice.pk)[0]
    first_factor(visitor)
    code = code_of(alice)
    settings.GRANT_KEYS = OTHER_KEY
    with caplog.at_level(logging.ERROR, "accounts.authenticator"):
        for _ in range(2):
            response = visitor.post(CODE, {"code": code})
            assert response.status_code == 422
            assert "Tell the operator; a backup code works meanwhile." in response.content.decode()
    assert caplog.messages[0] == f"No key of GRANT_KEYS opens the authenticator of user {alice.pk}"
    events = SecurityEvent.objects.for_user(alice.user)
    assert not events.filter(kind=SecurityEvent.Kind.SIGN_IN_FAILED).exists()
    assert Authenticator.objects.get().throttling_failure_count == 0
    assert visitor.post(CODE, {"code": backup}).status_code == 302


def test_wrong_codes_slow_down(alice: Reader) -> None:
    assert authenticator.check(alice.device, wrong_code_of(alice)) == authenticator.Checked(False)
    alice.device.refresh_from_db()
    assert authenticator.check(alice.device, code_of(alice)) == authenticator.Checked(False, wait=1)


OLD = """
    CREATE TABLE otp_totp_totpdevice (
        id serial PRIMARY KEY, name varchar(64) NOT NULL, confirmed boolean NOT NULL,
        key varchar(80) NOT NULL, step smallint NOT NULL DEFAULT 30, t0 bigint NOT NULL DEFAULT 0,
        digits smallint NOT NULL DEFAULT 6, tolerance smallint NOT NULL DEFAULT 1, drift smallint NOT NULL,
        last_t bigint NOT NULL,
        user_id bigint NOT NULL REFERENCES accounts_user (id) DEFERRABLE INITIALLY DEFERRED,
        throttling_failure_count integer NOT NULL DEFAULT 0, throttling_failure_timestamp timestamptz,
        created_at timestamptz, last_used_at timestamptz)
"""
ROW = "INSERT INTO otp_totp_totpdevice (name, confirmed, key, drift, last_t, user_id) VALUES"


@pytest.mark.django_db(transaction=True)
def test_secrets_of_the_table_before_are_sealed_and_it_goes(alice: Reader, bob: Reader) -> None:
    move = import_module("accounts.migrations.0004_authenticator").move
    Authenticator.objects.all().delete()
    keys = {alice.pk: "3132333435363738393031323334353637383930", bob.pk: "ff" * 20}
    with connection.cursor() as cursor:
        cursor.execute(OLD)
        for user, key in keys.items():
            values = ["authenticator", user == alice.pk, key, 1, 4711, user]
            cursor.execute(f"{ROW} (%s, %s, %s, %s, %s, %s)", values)
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('otp_totp', '0001_initial', now())"
        )
    with connection.schema_editor() as editor:
        move(apps, editor)
    device = Authenticator.objects.get(user=alice.user)
    assert (device.key.hex(), device.confirmed, device.drift, device.last_t) == (
        keys[alice.pk],
        True,
        1,
        4711,
    )
    assert not Authenticator.objects.get(user=bob.user).confirmed
    assert "otp_totp_totpdevice" not in connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations WHERE app = 'otp_totp'")
        assert cursor.fetchone() == (0,)


def test_where_there_was_no_table_before_nothing_is_moved(alice: Reader) -> None:
    move = import_module("accounts.migrations.0004_authenticator").move
    with connection.schema_editor() as editor:
        move(apps, editor)
    assert Authenticator.objects.get().key == alice.device.key
