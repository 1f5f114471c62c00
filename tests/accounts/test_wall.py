"""A reader's view runs in its reader's name, rendering included; what fails is taken back."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import SecurityEvent
from tests.accounts.wallurls import KIND
from tests.conftest import Reader, sign_in
from tests.mail.factories import make_account


@pytest.fixture(autouse=True)
def views_that_try_it(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.accounts.wallurls"


@pytest.fixture
def browser(alice: Reader) -> Client:
    client = sign_in(alice)
    client.raise_request_exception = False
    return client


def noted(reader: Reader) -> int:
    return SecurityEvent.objects.for_user(reader.user).filter(kind=KIND).count()


def test_sql_that_forgets_whose_rows_it_wants_gets_its_readers(
    alice: Reader, bob: Reader, browser: Client
) -> None:
    assert browser.get("/everybody/").json() == {"owners": [alice.pk]}


def test_an_operator_reads_in_their_own_name_outside_the_admin(operator: Reader, bob: Reader) -> None:
    assert sign_in(operator).get("/everybody/").json() == {"owners": [operator.pk]}


@pytest.mark.parametrize(("path", "status"), [("/fails/", 500), ("/is-missing/", 404), ("/breaks/", 500)])
def test_what_a_failed_view_began_is_taken_back(
    alice: Reader, browser: Client, path: str, status: int
) -> None:
    assert browser.get(path).status_code == status
    assert noted(alice) == 0


def test_an_answer_that_refuses_keeps_what_was_noted(alice: Reader, browser: Client) -> None:
    assert browser.get("/refuses/").status_code == 422
    assert noted(alice) == 1


def test_a_page_that_is_rendered_after_its_view_still_has_its_rows(alice: Reader, browser: Client) -> None:
    make_account(alice)
    assert int(browser.get("/lazy/").content) >= 1


@pytest.mark.django_db(transaction=True)
def test_a_view_with_short_transactions_has_none_open_by_itself(alice: Reader, browser: Client) -> None:
    make_account(alice)
    answer = browser.get("/short/").json()
    assert answer["open"] is False
    assert answer["mine"] >= 1


def test_a_view_that_forgets_to_open_one_fails_loudly(browser: Client) -> None:
    assert browser.get("/forgetful/").status_code == 500


@pytest.mark.django_db(transaction=True)
def test_no_name_is_left_behind_on_the_connection(alice: Reader, browser: Client) -> None:
    browser.get("/everybody/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.owner', true)")
        assert cursor.fetchone()[0] in ("", None)
