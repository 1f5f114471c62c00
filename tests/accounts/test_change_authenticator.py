"""Another authenticator: password and code of the new one, then the old one is worth nothing."""

import re

import pytest
from django.test import Client

from accounts import authenticator, backupcodes
from accounts.models import Authenticator, ReaderSession, SecurityEvent
from tests.accounts.conftest import code_of, wrong_code_of
from tests.conftest import PASSWORD, Reader, sign_in

PAGE, CODE = "/settings/security/authenticator/", "/sign-in/code/"


def pairing(reader: Reader) -> Authenticator:
    return Authenticator.objects.get(user=reader.user, confirmed=False)


def new_code(reader: Reader) -> str:
    return authenticator.code_of(pairing(reader))[0]


def enter(client: Client, reader: Reader, **values: str) -> object:
    return client.post(PAGE, {"code": new_code(reader), "password": PASSWORD, **values})


def test_the_page_shows_a_new_secret_and_a_reload_the_same(alice: Reader, alice_client: Client) -> None:
    page = alice_client.get(PAGE).content.decode()
    secret = authenticator.secret_of(pairing(alice))
    assert re.sub(r"</span>\s*<span>", "", page).count(secret) == 1
    assert secret != authenticator.secret_of(alice.device)
    again = alice_client.get(PAGE).content.decode()
    assert re.sub(r"</span>\s*<span>", "", again).count(secret) == 1


def test_until_it_is_confirmed_the_old_one_holds(
    alice: Reader, alice_client: Client, visitor: Client
) -> None:
    alice_client.get(PAGE)
    visitor.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert visitor.post(CODE, {"code": new_code(alice)}).status_code == 422
    Authenticator.objects.update(throttling_failure_count=0)
    assert visitor.post(CODE, {"code": code_of(alice)}).status_code == 302


def test_code_and_password_replace_it_and_end_other_sessions(
    alice: Reader, alice_client: Client, on_a_phone: Client, visitor: Client
) -> None:
    alice_client.get(PAGE)
    new = pairing(alice)
    assert enter(alice_client, alice).headers["Location"] == "/settings/security/"
    assert Authenticator.objects.get(user=alice.user) == new
    assert ReaderSession.objects.for_user(alice.user).count() == 1
    assert alice_client.get(PAGE).status_code == 200
    assert on_a_phone.get("/accounts/").headers["Location"].startswith("/sign-in/")
    kinds = SecurityEvent.objects.for_user(alice.user).values_list("kind", flat=True)
    assert SecurityEvent.Kind.AUTHENTICATOR_CHANGED in kinds
    visitor.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert visitor.post(CODE, {"code": code_of(alice)}).status_code == 422


def test_its_first_code_is_used_up_by_pairing(alice: Reader, alice_client: Client, visitor: Client) -> None:
    alice_client.get(PAGE)
    code = new_code(alice)
    enter(alice_client, alice)
    visitor.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert visitor.post(CODE, {"code": code}).status_code == 422


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong" * 4}, {"code": "old"}, {"code": "wrong"}, {"code": ""}]
)
def test_with_one_of_them_wrong_nothing_changes(
    alice: Reader, alice_client: Client, on_a_phone: Client, wrong: dict[str, str]
) -> None:
    alice_client.get(PAGE)
    new = Reader(alice.user, alice.vault, pairing(alice))
    values = {"old": code_of(alice), "wrong": wrong_code_of(new)}
    wrong = {name: values.get(value, value) for name, value in wrong.items()}
    assert enter(alice_client, alice, **wrong).status_code == 422
    alice.device.refresh_from_db()
    assert alice.device.confirmed
    assert on_a_phone.get("/accounts/").status_code == 200


def test_a_wrong_password_uses_no_code_up(alice: Reader, alice_client: Client) -> None:
    alice_client.get(PAGE)
    enter(alice_client, alice, password="wrong" * 4)
    assert enter(alice_client, alice).status_code == 302


def test_what_another_session_pairs_is_not_taken(
    alice: Reader, alice_client: Client, on_a_phone: Client
) -> None:
    alice_client.get(PAGE)
    code = new_code(alice)
    on_a_phone.get(PAGE)
    assert alice_client.post(PAGE, {"code": code, "password": PASSWORD}).status_code == 422
    alice.device.refresh_from_db()
    assert alice.device.confirmed


def test_after_a_backup_code_another_one_is_offered_and_the_codes_are_counted(
    visitor: Client, alice: Reader
) -> None:
    codes = backupcodes.issue(alice.pk)
    visitor.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    response = visitor.post(CODE, {"code": codes[0], "next": "/inbox/"}, follow=True)
    assert response.redirect_chain == [(f"{PAGE}?next=%2Finbox%2F&lost=1", 302)]
    page = response.content.decode()
    assert "9 of 10 are left." in page
    assert 'href="/inbox/"' in page
    assert enter(visitor, alice, next="/inbox/").headers["Location"] == "/inbox/"


def test_an_authenticator_that_the_server_lost_the_key_to_is_replaced(
    alice: Reader, alice_client: Client
) -> None:
    Authenticator.objects.update(secret=b"mh1" + bytes(60))
    alice_client.get(PAGE)
    assert enter(alice_client, alice).status_code == 302
    assert sign_in(Reader(alice.user, alice.vault, Authenticator.objects.get())).get(PAGE).status_code == 200
