"""The language of pages: the reader's choice, or this browser's."""

import pytest
from django.test import Client

from accounts.language import COOKIE
from accounts.models import User
from tests.conftest import Reader


def test_a_visitors_choice_stays_in_the_browser(visitor: Client, db: None) -> None:
    response = visitor.post("/language/", {"language": "de", "next": "/sign-in/"})
    assert response.headers["Location"] == "/sign-in/"
    assert response.cookies[COOKIE].value == "de"
    assert visitor.get("/sign-in/").headers["Content-Language"] == "de"


def test_a_readers_choice_stays_with_them(alice: Reader, alice_client: Client) -> None:
    response = alice_client.post("/language/", {"language": "de", "next": "/accounts/"})
    assert response.headers["Location"] == "/accounts/"
    assert User.objects.get(pk=alice.pk).language == "de"
    assert 'lang="de"' in alice_client.get("/accounts/").content.decode()


@pytest.mark.parametrize("language", ["", "xx", "de-CH'", "../en"])
def test_what_is_not_offered_changes_nothing(alice: Reader, alice_client: Client, language: str) -> None:
    response = alice_client.post("/language/", {"language": language})
    assert response.status_code == 302
    assert COOKIE not in response.cookies
    assert User.objects.get(pk=alice.pk).language == "en"


def test_the_way_back_stays_in_this_house(visitor: Client, db: None) -> None:
    response = visitor.post("/language/", {"language": "de", "next": "https://evil.example/"})
    assert response.headers["Location"] == "/"


def test_it_rejects_get(visitor: Client, db: None) -> None:
    assert visitor.get("/language/").status_code == 405
