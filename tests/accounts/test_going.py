"""Where a page may lead on to."""

import pytest
from django.test import Client, RequestFactory

from accounts.views.going import next_of

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "/\t/evil.example/",
    "/\t//evil.example/",
    "/\r/\n/evil.example/",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_page_leads_on_to_another_host(target: str) -> None:
    assert next_of(RequestFactory().get("/", {"next": target})) == ""
    assert next_of(RequestFactory().post("/", {"next": target})) == ""


@pytest.mark.parametrize("target", ["/", "/inbox/?q=größer als 3", "/mail/3/#end"])
def test_a_path_of_our_own_is_kept(target: str) -> None:
    assert next_of(RequestFactory().get("/", {"next": target})) == target


@pytest.mark.django_db
@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_link_of_a_page_does(alice_client: Client, target: str) -> None:
    page = alice_client.get("/settings/security/authenticator/", {"next": target, "lost": "1"})
    assert page.status_code == 200
    assert 'evil.example/"' not in page.content.decode()
