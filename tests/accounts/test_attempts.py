"""Failures are counted, five lock out for a quarter of an hour, and nothing that was typed is stored."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessAttemptExpiration, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core import serializers
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import attempts, backupcodes, knowndevices, tasks
from accounts.models import Authenticator, SecurityEvent
from accounts.recovery import write_recovery_key
from tests.accounts.conftest import code_of, wrong_code_of
from tests.conftest import PASSWORD, Reader, sign_in

SIGN_IN, CODE = "/sign-in/", "/sign-in/code/"
LIMIT = settings.AXES_FAILURE_LIMIT
TOLD = "Too many tries"
Kind = SecurityEvent.Kind


def asked(ip: str = "192.0.2.1", **more: Any) -> Any:
    return RequestFactory().post(SIGN_IN, REMOTE_ADDR=ip, **more)


def fail(times: int, name: str = "alice", ip: str = "192.0.2.1") -> None:
    for _ in range(times):
        attempts.failed(asked(ip), name, "password")


def later(span: timedelta) -> None:
    """As if so much time had passed since everything that was counted."""
    for model in (AccessAttempt, AccessFailureLog):
        for row in model.objects.all():
            model.objects.filter(pk=row.pk).update(attempt_time=row.attempt_time - span)


def kinds(reader: Reader) -> list[str]:
    return list(SecurityEvent.objects.for_user(reader.user).order_by("pk").values_list("kind", flat=True))


def test_four_failures_cost_nothing(alice: Reader) -> None:
    fail(LIMIT - 1)
    assert attempts.wait_of(asked(), "alice") == 0


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_five_failures_lock_a_name_out_for_a_quarter_of_an_hour(alice: Reader, name: str) -> None:
    fail(LIMIT, name)
    assert 15 * 60 - 5 <= attempts.wait_of(asked(), name) <= 15 * 60
    later(timedelta(minutes=14))
    assert 0 < attempts.wait_of(asked(), name) <= 60
    later(timedelta(minutes=1))
    assert attempts.wait_of(asked(), name) == 0


def test_a_lockout_is_of_one_name_and_one_ip_address(alice: Reader, bob: Reader) -> None:
    fail(LIMIT)
    assert attempts.wait_of(asked("192.0.2.2"), "alice") == 0
    assert attempts.wait_of(asked(), "bob") == 0
    assert attempts.wait_of(asked(), "nobody") == 0


def test_ipv6_addresses_of_one_household_count_together(alice: Reader) -> None:
    for at in range(LIMIT):
        fail(1, ip=f"2001:db8:1:2::{at + 1}")
    assert attempts.wait_of(asked("2001:db8:1:2:ffff::1"), "alice") > 0
    assert attempts.wait_of(asked("2001:db8:1:3::1"), "alice") == 0


@pytest.mark.parametrize("spelling", ["ALICE", "Alice", "ａｌｉｃｅ"])
def test_spellings_of_a_name_count_together(alice: Reader, spelling: str) -> None:
    fail(LIMIT - 1, spelling)
    fail(1)
    assert attempts.wait_of(asked(), spelling) > 0


def test_spellings_of_a_name_that_nobody_has_count_together(db: None) -> None:
    fail(LIMIT - 1, "NOBODY")
    fail(1, "ｎobody")
    assert attempts.wait_of(asked(), "nobody") > 0


@pytest.mark.parametrize("name", ["", "x" * 10_000, "ﷺ" * 300, "a\0b", "\ud800", "?alice"])
def test_any_name_can_be_counted(db: None, name: str) -> None:
    fail(LIMIT, name)
    assert attempts.wait_of(asked(), name) > 0


def test_failures_while_locked_out_do_not_prolong_it(alice: Reader) -> None:
    fail(LIMIT)
    later(timedelta(minutes=10))
    fail(20)
    assert attempts.wait_of(asked(), "alice") <= 5 * 60
    assert AccessAttempt.objects.get().failures_since_start == LIMIT


def test_each_failure_is_an_event_and_a_lockout_one_more(alice: Reader, bob: Reader) -> None:
    fail(LIMIT + 3)
    assert kinds(alice) == [Kind.SIGN_IN_FAILED] * (LIMIT - 1) + [Kind.LOCKED_OUT, Kind.SIGN_IN_FAILED]
    assert kinds(bob) == []


def test_a_wrong_recovery_key_is_an_event_of_its_own(alice: Reader) -> None:
    attempts.failed(asked(), "alice", "recovery")
    assert kinds(alice) == [Kind.RECOVERY_FAILED]


@pytest.mark.django_db(transaction=True)
def test_of_failures_at_the_same_moment_one_locks_out(alice: Reader) -> None:
    fail(LIMIT - 1)
    together = threading.Barrier(4)

    def one() -> None:
        together.wait()
        try:
            attempts.failed(asked(), "alice", "password")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(one) for _ in range(4)]:
            future.result()
    assert kinds(alice).count(Kind.LOCKED_OUT) == 1
    assert attempts.wait_of(asked(), "alice") > 0


def test_what_passed_begins_anew_at_this_ip_address_only(alice: Reader) -> None:
    fail(LIMIT - 1)
    fail(LIMIT, ip="192.0.2.2")
    attempts.passed(asked(), "alice")
    fail(LIMIT - 1)
    assert attempts.wait_of(asked(), "alice") == 0
    assert attempts.wait_of(asked("192.0.2.2"), "alice") > 0


def strangers_fail(times: int, name: str = "alice") -> None:
    """From many IP addresses, none of which is locked out."""
    for at in range(times):
        fail(1, name, f"198.51.100.{at + 1}")


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_failures_from_everywhere_slow_the_name_down_for_minutes_at_most(alice: Reader, name: str) -> None:
    strangers_fail(attempts.FREE - 1, name)
    assert attempts.wait_of(asked(), name) == 0
    waits = []
    for at in range(9):
        fail(1, name, f"203.0.113.{at + 1}")
        waits.append(attempts.wait_of(asked(), name))
    assert waits[0] == 5
    assert waits == sorted(waits)
    assert waits[-1] == 300
    later(timedelta(minutes=5))
    assert attempts.wait_of(asked(), name) == 0


def test_a_browser_that_its_reader_has_signed_in_with_is_not_slowed_down(alice: Reader, bob: Reader) -> None:
    strangers_fail(attempts.FREE + 5)
    mine = asked()
    knowndevices.welcome(mine, alice.pk, timezone.now())
    anothers = asked()
    knowndevices.welcome(anothers, bob.pk, timezone.now())
    assert attempts.wait_of(mine, "alice") == 0
    assert attempts.wait_of(anothers, "alice") > 0
    for _ in range(LIMIT):
        attempts.failed(mine, "alice", "password")
    assert attempts.wait_of(mine, "alice") > 0


def test_old_attempts_are_pruned_and_those_that_count_stay(alice: Reader) -> None:
    fail(2)
    assert attempts.prune() == 0
    later(timedelta(minutes=15))
    assert attempts.prune() == 1
    assert AccessFailureLog.objects.count() == 2
    later(timedelta(minutes=45))
    assert tasks.keep_house()["attempts"] == 2
    assert not AccessFailureLog.objects.exists()


# --- at the pages -----------------------------------------------------------------------------------------


@pytest.fixture
def unlimited(settings: Any) -> None:
    """Lockouts alone."""
    settings.RATELIMIT_ENABLE = False


def password_of(browser: Client, password: str = PASSWORD, name: str = "alice") -> Any:
    return browser.post(SIGN_IN, {"username": name, "password": password})


def test_a_locked_out_name_is_told_so_and_its_password_is_not_looked_at(
    visitor: Client, alice: Reader, unlimited: None
) -> None:
    for _ in range(LIMIT):
        assert TOLD not in password_of(visitor, "wrong" * 4).content.decode()
    for password in (PASSWORD, "wrong" * 4):
        response = password_of(visitor, password)
        assert response.status_code == 422
        assert "Try again in 15 minutes." in response.content.decode()
    assert "waiting" not in visitor.session
    later(timedelta(minutes=15))
    assert password_of(visitor).status_code == 302


def test_the_right_password_does_not_pay_for_wrong_codes(
    visitor: Client, alice: Reader, unlimited: None
) -> None:
    """Who has the password alone cannot go on for ever: only both factors begin anew."""
    for _ in range(LIMIT):
        password_of(visitor)
        Authenticator.objects.update(throttling_failure_count=0)
        visitor.post(CODE, {"code": wrong_code_of(alice)})
    Authenticator.objects.update(throttling_failure_count=0)
    assert TOLD in visitor.post(CODE, {"code": code_of(alice)}).content.decode()
    assert TOLD in password_of(visitor).content.decode()


def test_a_code_that_came_too_soon_is_no_failure(visitor: Client, alice: Reader, unlimited: None) -> None:
    password_of(visitor)
    visitor.post(CODE, {"code": wrong_code_of(alice)})
    Authenticator.objects.update(throttling_failure_count=10)  # a quarter of an hour
    for _ in range(LIMIT):
        visitor.post(CODE, {"code": code_of(alice)})
    assert AccessAttempt.objects.get().failures_since_start == 1


def test_both_factors_begin_anew(visitor: Client, alice: Reader, unlimited: None) -> None:
    for _ in range(LIMIT - 1):
        password_of(visitor, "wrong" * 4)
    password_of(visitor)
    assert visitor.post(CODE, {"code": code_of(alice)}).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_wrong_passwords_at_the_lock_count_too(alice: Reader) -> None:
    browser = sign_in(alice)
    browser.post("/lock/")
    for _ in range(LIMIT):
        assert TOLD not in browser.post("/locked/", {"password": "wrong" * 4}).content.decode()
    assert TOLD in browser.post("/locked/", {"password": PASSWORD}).content.decode()
    later(timedelta(minutes=15))
    assert browser.post("/locked/", {"password": PASSWORD}).status_code == 302


def test_a_first_factor_that_fails_is_an_event(visitor: Client, alice: Reader) -> None:
    password_of(visitor, "wrong" * 4)
    assert kinds(alice) == [Kind.SIGN_IN_FAILED]


def stored_by_axes() -> str:
    rows: list[Any] = []
    for model in (AccessAttempt, AccessFailureLog, AccessLog, AccessAttemptExpiration):
        rows += model.objects.all()
    return serializers.serialize("json", rows)


def test_nothing_that_is_typed_anywhere_is_stored_by_axes(
    visitor: Client, alice: Reader, unlimited: None
) -> None:
    codes = backupcodes.issue(alice.pk)
    typed = [
        "my-password-in-the-name-field",
        "wrong-password-of-alice",
        codes[0],
        "ABCD-EFGH-no-code",
        "?x=in-the-query",
    ]
    password_of(visitor, typed[1], typed[0])
    visitor.post(SIGN_IN + typed[4], {"username": "alice", "password": typed[1]})
    password_of(visitor)
    visitor.post(CODE, {"code": typed[3]})
    visitor.post(CODE, {"code": codes[0]})
    visitor.post("/lock/")
    visitor.post("/locked/", {"password": typed[1]}, headers={"User-Agent": "a secret of the browser's"})
    visitor.post("/sign-out/")
    key, new = write_recovery_key(b"x" * 20), "quite another long password"
    values = {"username": "alice", "recovery_key": key, "password": new, "password_again": new}
    assert "do not fit together" in visitor.post("/recover/", values).content.decode()
    typed += [key, key.replace("-", ""), key[:4], new]
    stored = stored_by_axes()
    assert "alice" in stored
    assert AccessAttempt.objects.count() >= 2
    for secret in (*typed, PASSWORD, "a secret of the browser", "ABCD", "csrfmiddlewaretoken"):
        assert secret not in stored
    assert not AccessLog.objects.exists()
    columns = AccessAttempt.objects.values_list("get_data", "post_data", "user_agent", "http_accept")
    assert {mark for row in columns for text in row for mark in text} <= {"-", "\n"}  # axes' own rulers


def test_axes_hears_no_signal_of_django() -> None:
    for signal in (user_login_failed, user_logged_in, user_logged_out):
        live, _ = signal._live_receivers(None)
        assert not [one for one in live if getattr(one, "__module__", "").startswith("axes")]


def test_times_are_told_in_words() -> None:
    assert "in 1 second." in attempts.refusal(1)
    assert "in 59 seconds." in attempts.refusal(59)
    assert "in 1 minute." in attempts.refusal(60)
    assert "in 2 minutes." in attempts.refusal(61)
