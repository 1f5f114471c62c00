"""How often one may ask, and what one is told who asks too often."""

import logging
import re
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import invitations, limits
from accounts.models import MailAccount
from tests.conftest import Reader
from tests.mail.factories import make_account

SIGN_IN, CODE = "/sign-in/", "/sign-in/code/"


class Clock:
    """The time that limits count by."""

    def __init__(self) -> None:
        self.now = 1_800_000_000

    def time(self) -> int:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stands still: no window ends in the middle of a test."""
    clock = Clock()
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=clock.time))
    return clock


@pytest.fixture(autouse=True)
def told_anew() -> None:
    limits._told.clear()


def statuses(browser: Client, path: str, times: int, **values: Any) -> list[int]:
    return [browser.post(path, values).status_code for _ in range(times)]


def test_the_sixth_try_to_sign_in_within_a_minute_is_told_when_to_come_back(
    visitor: Client, db: None, clock: Clock
) -> None:
    values = {"username": "nobody", "password": "wrong" * 4}
    assert statuses(visitor, SIGN_IN, 5, **values) == [422] * 5
    response = visitor.post(SIGN_IN, values)
    assert response.status_code == 429
    wait = int(response.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert re.search(rf"Try again in {wait} seconds?\.", response.content.decode())
    assert "no-store" in response.headers["Cache-Control"]
    clock.now += wait
    assert visitor.post(SIGN_IN, values).status_code == 422


def test_looking_is_not_limited(visitor: Client, db: None) -> None:
    assert {visitor.get(SIGN_IN).status_code for _ in range(12)} == {200}
    statuses(visitor, SIGN_IN, 7, username="nobody", password="wrong" * 4)
    assert visitor.get(SIGN_IN).status_code == 200


def test_visitors_are_told_apart_by_their_ip_address(visitor: Client, db: None) -> None:
    values = {"username": "nobody", "password": "wrong" * 4}
    assert statuses(visitor, SIGN_IN, 6, **values)[-1] == 429
    assert visitor.post(SIGN_IN, values, REMOTE_ADDR="192.0.2.1").status_code == 422
    for at in range(5):
        visitor.post(SIGN_IN, values, REMOTE_ADDR=f"2001:db8:1:2::{at + 1}")
    assert visitor.post(SIGN_IN, values, REMOTE_ADDR="2001:db8:1:2::99").status_code == 429


@pytest.mark.parametrize("forged", ["192.0.2.77", "127.0.0.1"])
def test_a_forged_header_makes_no_other_visitor(visitor: Client, db: None, forged: str) -> None:
    values = {"username": "nobody", "password": "wrong" * 4}
    statuses(visitor, SIGN_IN, 5, **values)
    assert visitor.post(SIGN_IN, values, headers={"X-Forwarded-For": forged}).status_code == 429


def test_the_second_factor_has_a_count_of_its_own(visitor: Client, alice: Reader) -> None:
    assert statuses(visitor, CODE, 6, code="000000") == [302] * 5 + [429]
    assert visitor.post(SIGN_IN, {"username": "alice", "password": alice.password}).status_code == 302


def test_sign_up_may_be_tried_three_times_a_minute(visitor: Client, db: None) -> None:
    path = f"/sign-up/{invitations.token_of(invitations.make('dora@example.org'))}/"
    assert statuses(visitor, path, 4, username="dora", password="short") == [422] * 3 + [429]
    assert visitor.post("/sign-up/1.forged/", {}).status_code == 429


def test_sync_now_is_limited_for_each_account(alice: Reader, alice_client: Client) -> None:
    one, two = make_account(alice).account, make_account(alice).account
    assert statuses(alice_client, f"/accounts/{one.pk}/sync/", 6) == [302] * 5 + [429]
    assert statuses(alice_client, f"/accounts/{two.pk}/sync/", 1) == [302]


def test_readers_do_not_use_up_each_others_limits(
    alice_client: Client, charlie_client: Client, bob: Reader
) -> None:
    assert statuses(alice_client, "/accounts/test/", 11, host="x")[-1] == 429
    assert statuses(charlie_client, "/accounts/test/", 1, host="x") == [422]
    assert not MailAccount.objects.for_user(bob.user).exists()


def test_a_part_of_a_page_is_told_in_the_pages_own_place(alice_client: Client) -> None:
    statuses(alice_client, "/accounts/test/", 10, host="x")
    part = alice_client.post("/accounts/test/", {"host": "x"}, headers={"HX-Request": "true"})
    text = part.content.decode()
    assert part.status_code == 429
    assert part.headers["HX-Retarget"] == ".notices"
    assert "Too many tries" in text
    assert "<html" not in text
    assert 'class="notices"' in alice_client.get("/accounts/").content.decode()
    assert '"code": "429", "swap": true' in alice_client.get("/accounts/").content.decode()


def test_the_cache_holds_neither_names_nor_ip_addresses(
    visitor: Client, alice: Reader, alice_client: Client, settings: Any
) -> None:
    visitor.post(SIGN_IN, {"username": "alice", "password": "wrong" * 4}, REMOTE_ADDR="192.0.2.1")
    alice_client.post("/accounts/test/", {"host": "x"})
    client = cache._cache.get_client(write=True)  # type: ignore[attr-defined]
    keys = [key.decode() for key in client.scan_iter(f"*{settings.RATELIMIT_CACHE_PREFIX}*")]
    assert len(keys) == 2
    for key in keys:
        prefix, _, digest = key.rpartition(settings.RATELIMIT_CACHE_PREFIX)
        assert prefix == "mailhelper:1:"
        assert re.fullmatch("[0-9a-f]{64}", digest)
        assert client.get(key) == b"1"
        assert 0 < client.ttl(key) <= 70


def test_digests_depend_on_the_key_of_the_installation(settings: Any) -> None:
    before = limits._digest("sign-in address 192.0.2.1")
    settings.SECRET_KEY = "another" * 8
    assert limits._digest("sign-in address 192.0.2.1") != before


@pytest.fixture
def silent() -> Any:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def with_cache_at(settings: Any, port: int) -> None:
    default = {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{port}/0"}
    settings.CACHES = {"default": default}


def test_without_valkey_everybody_passes_and_it_is_said_once(
    visitor: Client, db: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dead = server.getsockname()[1]
    with_cache_at(settings, dead)
    with caplog.at_level(logging.WARNING):
        assert statuses(visitor, SIGN_IN, 7, username="nobody", password="wrong" * 4) == [422] * 7
    assert caplog.text.count("Valkey does not answer") == 1


def test_lockouts_hold_without_valkey(visitor: Client, alice: Reader, settings: Any) -> None:
    with_cache_at(settings, 1)
    statuses(visitor, SIGN_IN, 5, username="alice", password="wrong" * 4)
    page = visitor.post(SIGN_IN, {"username": "alice", "password": alice.password})
    assert "Too many tries" in page.content.decode()


def test_a_valkey_that_is_stalled_hangs_no_page(
    visitor: Client, db: None, settings: Any, silent: int
) -> None:
    with_cache_at(settings, silent)
    assert statuses(visitor, SIGN_IN, 1, username="nobody", password="wrong" * 4) == [422]
