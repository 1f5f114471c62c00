"""The button "Test connection" says what failed, stores nothing, and sends a stored password nowhere else."""

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts import connections, errortexts, findings
from accounts.models import MailAccount
from accounts.networks import parse_networks
from tests.conftest import Reader

TEST = "/accounts/test/"
PASSWORD = "a very secret one"


def form(port: int, **more: str) -> dict[str, str]:
    return {
        "name": "Work",
        "address": "alice@example.org",
        "host": "127.0.0.1",
        "port": str(port),
        "security": "none",
        "username": "alice",
        "password": PASSWORD,
        "sync_every": "300",
        **more,
    }


@pytest.fixture
def server(serve: Callable[..., Any], settings: Any) -> Any:
    """A server on loopback that the operator lists."""
    started = serve()
    settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{started.port}"])
    return started


@pytest.fixture
def stored(alice: Reader, make_account: Callable[..., MailAccount], server: Any) -> MailAccount:
    return make_account(
        alice,
        host="127.0.0.1",
        port=server.port,
        security="none",
        username="alice",
        password="the stored one",
    )


def text(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_it_says_that_the_connection_works(alice: Reader, alice_client: Client, server: Any) -> None:
    response = alice_client.post(TEST, form(server.port), headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "The connection works." in text(response)
    assert "<html" not in text(response)
    assert not MailAccount.objects.for_user(alice.user).exists()


def test_without_script_the_whole_page_comes_back(alice_client: Client, server: Any) -> None:
    response = alice_client.post(TEST, form(server.port))
    assert response.status_code == 200
    assert "<html" in text(response)
    assert "The connection works." in text(response)
    assert f'value="{PASSWORD}"' in text(response)
    assert "no-store" in response.headers["Cache-Control"]


def test_a_refused_password_is_told(alice_client: Client, serve: Callable[..., Any], settings: Any) -> None:
    server = serve({"AUTHENTICATE": b"TAG NO [AUTHENTICATIONFAILED] no\r\n"})
    settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{server.port}"])
    page = text(alice_client.post(TEST, form(server.port), headers={"HX-Request": "true"}))
    assert "The connection failed." in page
    assert str(errortexts.CONNECTION["login-refused"]) in page
    assert page.count(">ok") == 3
    assert page.count(">failed") == 1


def test_a_private_address_is_told_without_a_connection(
    alice_client: Client, serve: Callable[..., Any]
) -> None:
    server = serve()
    values = form(993, security="tls")
    page = text(alice_client.post(TEST, values, headers={"HX-Request": "true"}))
    assert str(errortexts.CONNECTION["address-refused"]) in page
    assert server.connections == 0


def test_a_form_with_gaps_is_told_and_not_tried(alice_client: Client, server: Any) -> None:
    values = form(server.port, host="", password="")
    response = alice_client.post(TEST, values, headers={"HX-Request": "true"})
    assert "Server: This field is required." in text(response)
    assert server.connections == 0
    assert alice_client.post(TEST, values).status_code == 422


def test_an_empty_password_means_the_stored_one(
    alice_client: Client, server: Any, stored: MailAccount
) -> None:
    values = form(server.port, password="", account=str(stored.pk))
    page = text(alice_client.post(TEST, values, headers={"HX-Request": "true"}))
    assert "The connection works." in page
    assert any(b"AGFsaWNlAHRoZSBzdG9yZWQgb25l" in command for command in server.commands)


def test_a_stored_password_is_sent_nowhere_else(
    alice_client: Client, serve: Callable[..., Any], settings: Any, stored: MailAccount
) -> None:
    trap = serve()
    settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{trap.port}"])
    values = form(trap.port, password="", account=str(stored.pk))
    page = text(alice_client.post(TEST, values, headers={"HX-Request": "true"}))
    assert "enter the password again" in page
    assert trap.connections == 0


@pytest.mark.parametrize("key", ["x", "-1", "9" * 30, "0"])
def test_an_account_that_is_nobodys_is_not_found(alice_client: Client, key: str) -> None:
    assert alice_client.post(TEST, form(993, account=key)).status_code == 404


def test_others_accounts_are_not_found(charlie_client: Client, server: Any, stored: MailAccount) -> None:
    values = form(server.port, password="", account=str(stored.pk))
    assert charlie_client.post(TEST, values).status_code == 404
    assert server.connections == 0


def test_a_get_goes_back_to_the_list(alice_client: Client) -> None:
    assert alice_client.get(TEST).headers["Location"] == "/accounts/"


def codes_of_connections() -> set[str]:
    """The codes that ConnectionFailed lists in its documentation, which its module raises."""
    source = (
        Path(connections.__file__).read_text()
        + Path(connections.__file__).with_name("networks.py").read_text()
    )
    return {code for code in errortexts.CONNECTION if f'"{code}"' in source}


def test_every_code_of_a_connection_has_its_words_and_its_step() -> None:
    documented = connections.ConnectionFailed.__doc__ or ""
    for code in errortexts.CONNECTION:
        assert code in documented
        finding = findings.of(connections.Tested(code), "starttls")
        assert not finding.ok
        assert [step.state for step in finding.steps].count("failed") == 1
    assert codes_of_connections() == set(errortexts.CONNECTION)


def test_an_unknown_code_has_words_too() -> None:
    assert errortexts.text_of("never-heard-of") == str(errortexts.UNKNOWN)
    assert errortexts.text_of("") == ""
