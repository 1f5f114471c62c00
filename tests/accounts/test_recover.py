"""A lost password: the recovery key and the second factor set a new one, and all mail stays readable."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts import attempts, backupcodes, grants, keyring, recovering, rewrapping, signup
from accounts.kdf import Cost
from accounts.models import Grant, Identity, SecurityEvent, User
from accounts.sealing import CannotOpen
from tests.accounts.conftest import code_of, wrong_code_of
from tests.accounts.test_password_change import NEW, opens
from tests.conftest import PASSWORD, Reader
from tests.mail.factories import make_account, make_email

PAGE, CODE = "/recover/", "/sign-in/code/"


@pytest.fixture
def key(alice: Reader) -> str:
    """Alice's recovery key, on paper."""
    return signup.issue_recovery_key(alice.vault).text


def recover(browser: Client, key: str, name: str = "alice", new: str = NEW) -> Any:
    values = {"username": name, "recovery_key": key, "password": new, "password_again": new}
    return browser.post(PAGE, values)


def kinds(reader: Reader) -> list[str]:
    return list(SecurityEvent.objects.for_user(reader.user).order_by("pk").values_list("kind", flat=True))


def test_key_and_code_set_a_new_password_and_all_mail_is_readable(
    visitor: Client, alice: Reader, key: str
) -> None:
    email = make_email(alice, make_account(alice).inbox)
    assert recover(visitor, key).headers["Location"] == CODE
    assert opens(alice, PASSWORD), "nothing is set before the second factor"
    response = visitor.post(CODE, {"code": code_of(alice)})
    assert response.headers["Location"] == "/settings/security/recovery-key/"
    assert opens(alice, NEW)
    assert not opens(alice, PASSWORD)
    assert visitor.get(f"/mail/{email.pk}/").status_code == 200
    assert SecurityEvent.Kind.RECOVERED in kinds(alice)


def test_a_backup_code_will_do(visitor: Client, alice: Reader, key: str) -> None:
    codes = backupcodes.issue(alice.pk)
    recover(visitor, key.lower().replace("-", " "))
    assert visitor.post(CODE, {"code": codes[0]}).status_code == 302
    assert opens(alice, NEW)


def test_every_session_and_grant_of_before_ends(
    visitor: Client, alice: Reader, alice_client: Client, key: str
) -> None:
    grants.give(alice.vault, Grant.Until.REVOKED)
    recover(visitor, key)
    visitor.post(CODE, {"code": code_of(alice)})
    assert alice_client.get("/accounts/").headers["Location"].startswith("/sign-in/")
    assert {grant.until for grant in Grant.objects.for_user(alice.user)} <= {Grant.Until.SIGNED_OUT}


def test_the_key_is_replaced_once_the_next_is_kept(visitor: Client, alice: Reader, key: str) -> None:
    recover(visitor, key)
    visitor.post(CODE, {"code": code_of(alice)})
    page = visitor.get("/settings/security/recovery-key/").content.decode()
    groups = re.search(r'data-text="([^"]+)"', page)[1].split("-")  # type: ignore[index]
    asked = [int(number) - 1 for number in re.findall(r"Group (\d)", page)]
    typed = {"first": groups[asked[0]], "second": groups[asked[1]], "password": NEW}
    assert visitor.post("/settings/security/recovery-key/", typed).status_code == 302
    row = Identity.objects.for_user(alice.user).get()
    with pytest.raises(CannotOpen):
        keyring.unlock_by_recovery(row, key)
    assert keyring.unlock_by_recovery(row, "-".join(groups)).secret == alice.vault.secret


def test_a_wrong_second_factor_sets_nothing(visitor: Client, alice: Reader, key: str) -> None:
    recover(visitor, key)
    assert visitor.post(CODE, {"code": wrong_code_of(alice)}).status_code == 422
    assert opens(alice, PASSWORD)


def test_a_typing_error_is_told_by_the_checksum_and_not_counted(
    visitor: Client, alice: Reader, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovering, "check", None)
    monkeypatch.setattr(attempts, "failed", None)
    for text in (("1" if key[0] != "1" else "2") + key[1:], key[:-1], key + "A", "ÄÖÜ", "x" * 121):
        response = recover(visitor, text)
        assert response.status_code in (422, 429)
        if response.status_code == 422:
            assert response.content.count(b'class="field-error"') == 1
    assert kinds(alice) == []


def test_a_password_of_ten_thousand_characters_is_one_error_and_derived_from_by_nobody(
    visitor: Client, alice: Reader, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovering, "check", None)
    response = recover(visitor, key, new="x" * 10_000)
    assert response.status_code == 422
    assert response.content.count(b'class="field-error"') == 1
    assert kinds(alice) == []


def test_everything_that_does_not_fit_looks_the_same(
    visitor: Client, alice: Reader, bob: Reader, key: str
) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    of_bob = signup.issue_recovery_key(bob.vault).text
    pages = set()
    for name, text in (("alice", of_bob), ("nobody", of_bob), ("bob", of_bob)):
        response = recover(visitor, text, name)
        assert response.status_code == 422
        page = re.sub(
            r'name="csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"', "", response.content.decode()
        )
        pages.add(page.replace(f'value="{name}"', ""))
    assert len(pages) == 1
    assert kinds(alice) == [SecurityEvent.Kind.RECOVERY_FAILED]


def test_five_wrong_keys_lock_the_password_out_too(
    visitor: Client, alice: Reader, bob: Reader, key: str, settings: Any
) -> None:
    of_bob = signup.issue_recovery_key(bob.vault).text
    for number in range(5):
        settings.RATELIMIT_CACHE_PREFIX = f"{settings.RATELIMIT_CACHE_PREFIX}{number}"  # three a minute pass
        assert recover(visitor, of_bob).status_code == 422
    assert b"Too many tries" in recover(visitor, key).content
    response = visitor.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert b"Too many tries" in response.content


def test_more_than_three_a_minute_are_asked_to_wait(visitor: Client, alice: Reader, bob: Reader) -> None:
    of_bob = signup.issue_recovery_key(bob.vault).text
    statuses = [recover(visitor, of_bob).status_code for _ in range(5)]
    assert statuses[0] == 422
    assert statuses[-1] == 429


def test_the_halves_of_another_session_set_nothing(
    visitor: Client, alice: Reader, bob: Reader, key: str
) -> None:
    recover(visitor, key)
    other = Client(SERVER_NAME="localhost")
    recover(other, signup.issue_recovery_key(bob.vault).text, "bob")
    visitor.cookies["__Host-vault"] = other.cookies["__Host-vault"].value
    response = visitor.post(CODE, {"code": code_of(alice)})
    assert response.headers["Location"].startswith("/sign-in/")
    assert opens(alice, PASSWORD)


def test_a_key_that_was_replaced_in_between_sets_nothing(visitor: Client, alice: Reader, key: str) -> None:
    recover(visitor, key)
    signup.issue_recovery_key(alice.vault)
    assert visitor.post(CODE, {"code": code_of(alice)}).headers["Location"].startswith("/sign-in/")
    assert opens(alice, PASSWORD)


@pytest.mark.parametrize("step", ["_wrap", "_set_login_hash", "_end_everything"])
def test_killed_at_any_step_the_old_password_opens(
    visitor: Client, alice: Reader, key: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    inner = getattr(rewrapping, step)

    def break_off(*args: Any) -> None:
        inner(*args)
        raise RuntimeError(step)

    recover(visitor, key)
    monkeypatch.setattr(rewrapping, step, break_off)
    visitor.raise_request_exception = False
    assert visitor.post(CODE, {"code": code_of(alice)}).status_code == 500
    assert opens(alice, PASSWORD)


def test_the_new_password_is_wrapped_at_todays_cost(
    visitor: Client, alice: Reader, key: str, settings: Any
) -> None:
    settings.PASSWORD_COST = Cost(memory=20 * 1024, passes=3, lanes=1)
    recover(visitor, key)
    visitor.post(CODE, {"code": code_of(alice)})
    assert opens(alice, NEW)
    assert Identity.objects.for_user(alice.user).get().memory == 20 * 1024


def test_who_is_signed_in_has_not_lost_it(alice_client: Client) -> None:
    assert alice_client.get(PAGE, SERVER_NAME="localhost").headers["Location"] == "/settings/security/"
