"""Another password: one secret is wrapped anew, everybody else is signed out, nothing is lost."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts import grants, keyring, newkeys, rewrapping, signup, unlocking
from accounts.forms import PASSWORD_AT_MOST
from accounts.kdf import Cost
from accounts.models import Grant, Identity, ReaderSession, SecurityEvent, User
from accounts.sealing import CannotOpen
from tests.accounts.conftest import code_of
from tests.conftest import PASSWORD, Reader
from tests.mail.factories import make_account, make_email

PAGE = "/settings/security/password/"
NEW = "eleven purple tractors hum"


def change(browser: Client, present: str = PASSWORD, new: str = NEW, again: str = "") -> Any:
    return browser.post(PAGE, {"present": present, "password": new, "password_again": again or new})


def identity_of(reader: Reader) -> Identity:
    return Identity.objects.for_user(reader.user).get()


def opens(reader: Reader, password: str) -> bool:
    """Door and vault agree on a password, or the account is broken."""
    row = identity_of(reader)
    at_the_door = User.objects.get(pk=reader.pk).check_password(password)
    try:
        inside = keyring.unlock(row, keyring.password_key(row, password)).secret == reader.vault.secret
    except CannotOpen:
        inside = False
    assert at_the_door == inside
    return inside


def test_the_new_password_opens_and_the_old_one_does_not(alice: Reader, alice_client: Client) -> None:
    email = make_email(alice, make_account(alice).inbox)
    response = change(alice_client)
    assert response.headers["Location"] == "/settings/background/?again=1"
    assert opens(alice, NEW)
    assert not opens(alice, PASSWORD)
    assert alice_client.get(f"/mail/{email.pk}/").status_code == 200


def test_it_wraps_one_secret_and_touches_nothing_else(alice: Reader, alice_client: Client) -> None:
    before = identity_of(alice)
    change(alice_client)
    after = identity_of(alice)
    for name in ("public_key", "sync_key", "hash_key", "wrapped_by_recovery"):
        assert getattr(after, name) == getattr(before, name)
    assert after.wrapped_by_password != before.wrapped_by_password


def test_every_other_session_and_every_grant_ends_and_this_browser_goes_on(
    alice: Reader, alice_client: Client, on_a_phone: Client
) -> None:
    grants.give(alice.vault, Grant.Until.REVOKED)
    before = alice_client.cookies["__Host-session"].value, alice_client.cookies["__Host-vault"].value
    change(alice_client)
    assert on_a_phone.get("/accounts/").headers["Location"].startswith("/sign-in/")
    assert alice_client.get("/accounts/").status_code == 200
    after = alice_client.cookies["__Host-session"].value, alice_client.cookies["__Host-vault"].value
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert ReaderSession.objects.for_user(alice.user).count() == 1
    assert {grant.until for grant in Grant.objects.for_user(alice.user)} <= {Grant.Until.SIGNED_OUT}


def test_a_planted_session_is_worth_nothing_afterwards(alice: Reader, alice_client: Client) -> None:
    stolen = Client()
    stolen.cookies = alice_client.cookies.copy()
    change(alice_client)
    assert stolen.get("/accounts/").headers["Location"].startswith("/sign-in/")


def test_it_is_noted(alice: Reader, alice_client: Client) -> None:
    change(alice_client)
    kinds = SecurityEvent.objects.for_user(alice.user).values_list("kind", flat=True)
    assert SecurityEvent.Kind.PASSWORD_CHANGED in kinds


@pytest.mark.parametrize(
    ("present", "new", "again"),
    [
        ("wrong horse battery staple", NEW, NEW),
        (PASSWORD, NEW, NEW + "x"),
        (PASSWORD, "too short", "too short"),
        (PASSWORD, "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa"),
        (PASSWORD, "x" * 10_000, "x" * 10_000),
        ("x" * 10_000, NEW, NEW),
    ],
)
def test_what_does_not_fit_changes_nothing(
    alice: Reader, alice_client: Client, present: str, new: str, again: str
) -> None:
    response = change(alice_client, present, new, again)
    assert response.status_code == 422
    assert response.content.count(b'class="field-error"') == 1
    assert opens(alice, PASSWORD)


def test_a_password_of_ten_thousand_characters_is_derived_from_by_nobody(
    alice: Reader, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PASSWORD_AT_MOST < 10_000
    monkeypatch.setattr(keyring, "password_key", None)
    monkeypatch.setattr(keyring, "fresh_key", None)
    assert change(alice_client, "x" * 10_000, "y" * 10_000).status_code == 422


def test_five_wrong_present_passwords_lock_the_right_one_out_too(alice: Reader, alice_client: Client) -> None:
    for _ in range(5):
        change(alice_client, "wrong horse battery staple")
    response = change(alice_client)
    assert response.status_code == 422
    assert b"Too many tries" in response.content
    assert opens(alice, PASSWORD)


def broken(step: str, when: str) -> Callable[..., None]:
    """A step that dies before it does its work, or after."""
    inner = getattr(rewrapping, step)

    def break_off(*args: Any) -> None:
        if when == "after":
            inner(*args)
        raise RuntimeError(step)

    return break_off


STEPS = ["_wrap", "_set_login_hash", "_end_everything"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_the_old_password_opens(
    alice: Reader, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    monkeypatch.setattr(rewrapping, step, broken(step, when))
    with pytest.raises(RuntimeError):
        rewrapping.change_password(User.objects.get(pk=alice.pk), alice.vault, NEW)
    monkeypatch.undo()
    assert opens(alice, PASSWORD)


def _and_close(reader: Reader, word: str) -> None:
    try:
        rewrapping.change_password(User.objects.get(pk=reader.pk), reader.vault, word)
    finally:
        connection.close()  # this thread's own


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_one_holds_whole(alice: Reader) -> None:
    words = [f"{NEW} number {number}" for number in range(4)]

    threads = [threading.Thread(target=_and_close, args=[alice, word]) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [opens(alice, word) for word in words].count(True) == 1


def test_new_keys_that_came_in_between_are_not_wrapped_over(
    alice: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret of before, wrapped by the new password, would open nothing."""
    inner = keyring.fresh_key

    def after_new_keys(password: str) -> keyring.FreshKey:
        monkeypatch.undo()
        text = signup.draw_recovery_key().text
        alice.vault = newkeys.renew(User.objects.get(pk=alice.pk), alice.vault, PASSWORD, text)[0]
        return inner(password)

    monkeypatch.setattr(keyring, "fresh_key", after_new_keys)
    with pytest.raises(CannotOpen):
        rewrapping.change_password(User.objects.get(pk=alice.pk), alice.vault, NEW)
    assert opens(alice, PASSWORD)


def test_the_page_tells_that_another_tab_was_faster(
    alice: Reader, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_: Any) -> None:
        raise CannotOpen

    monkeypatch.setattr(keyring, "hold", too_late)
    response = change(alice_client)
    assert response.status_code == 422
    assert b"Another tab was faster" in response.content
    monkeypatch.undo()
    assert opens(alice, PASSWORD)


def test_a_vault_of_before_new_keys_sets_no_recovery_key(alice: Reader) -> None:
    text = signup.draw_recovery_key().text
    new, _ = newkeys.renew(User.objects.get(pk=alice.pk), alice.vault, PASSWORD, text)
    with pytest.raises(CannotOpen):
        rewrapping.change_recovery_key(alice.vault, signup.draw_recovery_key().text)
    assert keyring.unlock_by_recovery(identity_of(alice), text).secret == new.secret


def change_elsewhere(reader: Reader) -> None:
    try:
        rewrapping.change_password(User.objects.get(pk=reader.pk), reader.vault, NEW)
    finally:
        connection.close()  # this thread's own


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["sign-in", "unlock"])
def test_no_session_slips_past_it_with_the_old_password(
    visitor: Client, alice: Reader, alice_client: Client, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """Whoever shows the old password at the same moment is in before, and ended, or is not let in."""
    elsewhere = threading.Thread(target=change_elsewhere, args=[alice])
    name = {"sign-in": "sign_in", "unlock": "unlock"}[act]
    inner = getattr(unlocking, name)

    def while_it_changes(*args: Any) -> Any:
        elsewhere.start()
        elsewhere.join(1)  # it waits for us, or is through
        return inner(*args)

    browser = visitor if act == "sign-in" else alice_client
    browser.raise_request_exception = False
    if act == "sign-in":
        browser.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    else:
        browser.post("/lock/")
    monkeypatch.setattr(unlocking, name, while_it_changes)
    if act == "sign-in":
        browser.post("/sign-in/code/", {"code": code_of(alice)})
    else:
        browser.post("/locked/", {"password": PASSWORD})
    elsewhere.join()
    assert opens(alice, NEW)
    assert not ReaderSession.objects.for_user(alice.user).exists()
    assert browser.get("/accounts/").headers["Location"].startswith("/sign-in/")


# --- the cost of passwords is raised ---


def sign_in(browser: Client, reader: Reader) -> None:
    browser.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert browser.post("/sign-in/code/", {"code": code_of(reader)}).status_code == 302


def test_a_raised_cost_is_taken_over_at_the_next_sign_in(
    visitor: Client, alice: Reader, settings: Any
) -> None:
    settings.PASSWORD_COST = Cost(memory=20 * 1024, passes=3, lanes=1)
    sign_in(visitor, alice)
    row = identity_of(alice)
    assert (row.memory, row.passes) == (20 * 1024, 3)
    assert "m=20480,t=3" in User.objects.get(pk=alice.pk).password
    assert opens(alice, PASSWORD)


def test_a_cost_that_was_not_raised_changes_nothing(visitor: Client, alice: Reader) -> None:
    before = identity_of(alice)
    sign_in(visitor, alice)
    assert identity_of(alice).wrapped_by_password == before.wrapped_by_password


def test_nothing_is_taken_over_before_the_second_factor(
    visitor: Client, alice: Reader, settings: Any
) -> None:
    settings.PASSWORD_COST = Cost(memory=20 * 1024, passes=3, lanes=1)
    before, login_hash = identity_of(alice), User.objects.get(pk=alice.pk).password
    visitor.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert identity_of(alice).wrapped_by_password == before.wrapped_by_password
    assert User.objects.get(pk=alice.pk).password == login_hash
    assert opens(alice, PASSWORD)


def test_it_is_taken_over_at_unlocking_too(alice: Reader, alice_client: Client, settings: Any) -> None:
    alice_client.post("/lock/")
    settings.PASSWORD_COST = Cost(memory=20 * 1024, passes=3, lanes=1)
    assert alice_client.post("/locked/", {"password": PASSWORD}).status_code == 302
    assert identity_of(alice).memory == 20 * 1024
    assert "m=20480,t=3" in User.objects.get(pk=alice.pk).password
    assert opens(alice, PASSWORD)
    assert alice_client.get("/accounts/").status_code == 200


def test_a_cost_that_was_lowered_weakens_nothing(visitor: Client, alice: Reader, settings: Any) -> None:
    settings.PASSWORD_COST = Cost(memory=20 * 1024, passes=3, lanes=1)
    sign_in(visitor, alice)
    before = identity_of(alice), User.objects.get(pk=alice.pk).password
    settings.PASSWORD_COST = Cost(memory=19 * 1024, passes=2, lanes=1)
    visitor.post("/lock/")
    assert visitor.post("/locked/", {"password": PASSWORD}).status_code == 302
    assert identity_of(alice).wrapped_by_password == before[0].wrapped_by_password
    assert User.objects.get(pk=alice.pk).password == before[1]


def test_a_password_that_is_changed_between_the_factors_stays_changed(
    visitor: Client, alice: Reader, settings: Any
) -> None:
    settings.PASSWORD_COST = Cost(memory=20 * 1024, passes=3, lanes=1)
    visitor.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    rewrapping.change_password(User.objects.get(pk=alice.pk), alice.vault, NEW)
    response = visitor.post("/sign-in/code/", {"code": code_of(alice)})
    assert response.headers["Location"].startswith("/sign-in/")
    assert opens(alice, NEW)


@pytest.mark.parametrize("step", ["_wrap", "_set_login_hash"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_it_is_taken_over_the_password_opens(
    visitor: Client, alice: Reader, settings: Any, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    settings.PASSWORD_COST = Cost(memory=20 * 1024, passes=3, lanes=1)
    visitor.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    monkeypatch.setattr(rewrapping, step, broken(step, when))
    visitor.raise_request_exception = False
    assert visitor.post("/sign-in/code/", {"code": code_of(alice)}).status_code == 500
    assert opens(alice, PASSWORD)
    assert identity_of(alice).memory == 19 * 1024
