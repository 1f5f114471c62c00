"""Derivations wait for their turn, and not for ever."""

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.test import Client

from accounts import kdf
from accounts.kdf import Cost
from tests.conftest import PASSWORD, Reader

CHEAP = Cost(memory=19 * 1024, passes=2, lanes=1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kdf, "PATIENCE", 0.05)


def test_whose_turn_does_not_come_is_told(impatient: None) -> None:
    stored = make_password(PASSWORD)
    with kdf.turn(), kdf.turn():
        for derive in (
            lambda: kdf.password_key(PASSWORD, b"s" * kdf.SALT_BYTES, CHEAP),
            lambda: make_password(PASSWORD),
            lambda: check_password(PASSWORD, stored),
        ):
            with pytest.raises(kdf.Busy):
                derive()
    assert check_password(PASSWORD, stored)


def test_a_derivation_that_fails_gives_its_turn_back(impatient: None) -> None:
    for _ in range(3):
        with pytest.raises(ValueError, match="out of bounds"):
            kdf.password_key(PASSWORD, b"s" * kdf.SALT_BYTES, Cost(memory=1))
        with pytest.raises(TypeError):
            kdf.password_key(PASSWORD, None, CHEAP)  # type: ignore[arg-type]
    assert len(kdf.password_key(PASSWORD, b"s" * kdf.SALT_BYTES, CHEAP)) == 32


def test_too_many_sign_ins_at_once_are_a_page_that_says_so(alice: Reader, impatient: None) -> None:
    browser = Client(SERVER_NAME="localhost")
    with kdf.turn(), kdf.turn():
        response = browser.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "Too many people sign in" in response.content.decode()
    assert browser.post("/sign-in/", {"username": "alice", "password": PASSWORD}).status_code == 302
