"""Lists and matrix by the keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitor import Visitor, sign_in
from tests.conftest import Reader
from tests.mail.factories import letter, make_account, make_email, make_emails

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(visit: Callable[..., Visitor], alice: Reader) -> Page:
    """Signed in, with three letters in the inbox, the newest "Letter 0", and a pressing one."""
    box = make_account(alice)
    make_emails(alice, box.inbox, 3)
    make_email(alice, box.inbox, letter(subject="Pressing"), urgency=3, importance=3)
    page = visit().page()
    sign_in(page, alice)
    return page


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText"))


def test_j_and_k_walk_the_inbox_and_enter_opens(page: Page) -> None:
    page.goto("/inbox/")
    page.keyboard.press("j")
    assert "Letter 0" in focused(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert "Letter 2" in focused(page)
    page.keyboard.press("k")
    assert "Letter 1" in focused(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Letter 1")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="Letter 2")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name="Letter 1")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_role("heading", name="What matters now")).to_be_visible()
    page.keyboard.press("i")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_arrows_move_in_the_matrix(page: Page) -> None:
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert "Pressing" in focused(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pressing")).to_be_visible()


def test_a_question_mark_shows_the_keys_and_escape_closes_them(page: Page) -> None:
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("next and previous mail")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_keys_can_be_switched_off_in_this_browser(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_label("Use these keys in this browser").uncheck()
    page.get_by_role("button", name="Close").click()
    page.goto("/inbox/")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")


def test_letters_typed_into_a_field_are_letters(page: Page) -> None:
    page.goto("/accounts/add/")
    field = page.get_by_label("Mail address")
    field.press_sequentially("jim?k")
    assert field.input_value() == "jim?k"
    assert page.url.endswith("/accounts/add/")


def test_every_stop_of_the_tab_key_is_seen(page: Page) -> None:
    """Focus has a ring wherever it goes: no control is reached unseen."""
    page.goto("/inbox/")
    for _ in range(25):
        page.keyboard.press("Tab")
        ring = page.evaluate(
            """() => {
                const at = document.activeElement;
                if (at === document.body) return "away";
                const own = getComputedStyle(at).outlineStyle;
                const beside = at.nextElementSibling && getComputedStyle(at.nextElementSibling).outlineStyle;
                return own !== "none" || beside === "solid" ? "seen" : at.outerHTML;
            }"""
        )
        assert ring in ("seen", "away")
