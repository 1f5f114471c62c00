"""Who asks too often is told so, and when to come back; with scripts in the page itself."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor, sign_in
from tests.conftest import Reader
from tests.mail.factories import make_account

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 360, "height": 740}
TOLD = re.compile(r"Too many tries\. Nothing was changed\. Try again in \d+ seconds?\.")


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False, "viewport": PHONE}])
def test_a_stranger_who_guesses_is_shown_a_page(
    visit: Callable[..., Visitor], options: dict[str, object]
) -> None:
    page = visit(**options).page("/sign-in/")
    for _ in range(6):
        page.get_by_label("User name").fill("somebody")
        page.get_by_label("Password").fill("guess" * 4)
        page.get_by_role("button", name="Continue").click()
        page.wait_for_load_state()
    expect(page.get_by_role("heading", name="That was too often")).to_be_visible()
    expect(page.locator("main")).to_contain_text(TOLD)
    page.get_by_role("link", name="Back to the page").click()
    expect(page.get_by_label("User name")).to_be_visible()


def test_a_reader_who_tests_again_and_again_keeps_what_they_typed(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    page = visit().page()
    sign_in(page, alice)
    page.goto(f"/accounts/{make_account(alice).account.pk}/edit/")
    form = page.url
    page.locator("[name=host]").fill("")
    result = page.locator("#test-result")
    for _ in range(11):
        with page.expect_response("**/accounts/test/"):
            page.get_by_role("button", name="Test connection").click()
    expect(page.locator(".notices")).to_contain_text(TOLD)
    expect(page.locator(".notices")).to_have_count(1)
    expect(result).to_have_count(1)
    expect(page.locator("[name=host]")).to_have_value("")
    assert page.url == form
