"""What people do who are in a hurry, or up to something."""

import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from accounts.models import BackupCode, MailAccount, User
from tests.browser.visitor import (
    NEW_PASSWORD,
    Visitor,
    enter_by_hand,
    give_password,
    invitation,
    is_the_matrix,
    lock,
    sign_in,
    sign_up,
    typed_key,
    unlock,
)
from tests.conftest import Reader
from tests.mail.factories import letter, make_account, make_email

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(visit: Callable[..., Visitor]) -> Page:
    return visit().page()


def choose(page: Page, name: str, password: str, again: str | None = None) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password again").fill(password if again is None else again)
    page.get_by_role("button", name="Continue").click()


def test_the_back_button_shows_no_mail_after_sign_out(page: Page, alice: Reader) -> None:
    box = make_account(alice)
    email = make_email(alice, box.inbox, letter("Secret of alice.\n", subject="Secret subject"))
    sign_in(page, alice)
    page.goto("/inbox/")
    page.goto(f"/mail/{email.pk}/")
    page.locator(".menu summary", has_text="alice").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("Signed out.")).to_be_visible()
    for _ in range(2):
        page.go_back()
        page.wait_for_url("**/sign-in/**")
        expect(page.locator("body")).not_to_contain_text("Secret")


def test_a_lock_in_one_tab_closes_the_other(visit: Callable[..., Visitor], alice: Reader) -> None:
    box = make_account(alice)
    make_email(alice, box.inbox, letter(subject="Secret subject"))
    visitor = visit()
    one = visitor.page()
    sign_in(one, alice)
    other = visitor.page("/inbox/")
    expect(other.get_by_text("Secret subject")).to_be_visible()
    lock(one)
    other.wait_for_url("**/locked/**")
    expect(other.locator("body")).not_to_contain_text("Secret")
    unlock(other)
    other.wait_for_url("**/inbox/")
    one.goto("/inbox/")
    expect(one.get_by_text("Secret subject")).to_be_visible()


def test_an_unlock_in_one_tab_lets_the_other_in(visit: Callable[..., Visitor], alice: Reader) -> None:
    visitor = visit()
    one = visitor.page()
    sign_in(one, alice)
    lock(one)
    other = visitor.page("/locked/")
    unlock(one)
    one.wait_for_url(is_the_matrix)
    other.wait_for_url(is_the_matrix)
    expect(other.get_by_role("heading", name="What matters now")).to_be_visible()


def test_a_form_sent_twice_makes_one_account(page: Page, alice: Reader) -> None:
    sign_in(page, alice)
    enter_by_hand(page, "alice@example.org")
    page.get_by_label("Server", exact=True).fill("imap.example.org")
    page.get_by_label("User name", exact=True).fill("alice")
    page.get_by_label("Password", exact=True).fill("secret")
    page.get_by_role("button", name="Add and sync").dblclick()
    page.wait_for_url("**/accounts/")
    expect(page.locator(".account").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert MailAccount.objects.for_user(alice.user).count() == 1


def test_a_double_click_at_each_step_of_sign_up_does_no_harm(page: Page) -> None:
    page.goto(invitation())
    page.get_by_label("User name").fill("dora")
    page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Password again").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Continue").dblclick()
    page.wait_for_url("**/sign-up/authenticator/")
    expect(page.get_by_role("heading", name="Connect an authenticator")).to_be_visible()
    assert typed_key(page)
    assert User.objects.filter(username="dora").count() == 1


def test_a_reload_shows_the_same_codes_and_the_same_key(page: Page) -> None:
    shown: dict[int, list[str]] = {}

    def reload(step: int) -> None:
        before = page.locator("main").inner_text()
        page.reload()
        shown[step] = [before, page.locator("main").inner_text()]

    sign_up(page, "dora", at_step=reload)
    assert all(before == after for before, after in shown.values())
    dora = User.objects.get(username="dora")
    assert BackupCode.objects.for_user(dora).count() == 10


def test_back_from_the_key_makes_no_new_codes_unseen(page: Page) -> None:
    """The codes that were confirmed stay the ones that work."""

    def go_back(step: int) -> None:
        if step == 4:
            page.goto("/sign-up/codes/")
            page.get_by_role("button", name="I have kept them").click()
            page.wait_for_url("**/sign-up/key/")

    sign_up(page, "dora", at_step=go_back)
    assert BackupCode.objects.for_user(User.objects.get(username="dora")).count() == 10


def test_a_wrong_recovery_key_is_told_and_can_be_mended(page: Page) -> None:
    def mistype(step: int) -> None:
        if step == 4:
            for field in page.locator(".key-input input").all():
                field.fill("0000")
            page.get_by_role("button", name="Finish").click()
            expect(page.get_by_text("These are not the two groups")).to_be_visible()

    sign_up(page, "dora", at_step=mistype)
    page.goto("/sign-up/key/")
    page.wait_for_url("**/accounts/")


@pytest.mark.parametrize("name", ["🦊fox", "ab\u202ecd", "a b", "<b>dora</b>", "d" * 5000])
def test_odd_user_names_are_refused_in_words_or_cut(page: Page, name: str) -> None:
    page.goto(invitation())
    choose(page, name, NEW_PASSWORD)
    if page.get_by_label("User name").count():
        expect(page.locator(".field-error").first).to_be_visible()
        assert not User.objects.exists()
    else:
        assert User.objects.get().username == "d" * 64


def test_a_password_of_ten_thousand_characters_is_refused_or_works(page: Page, alice: Reader) -> None:
    """Browsers stop at the field's limit without a word: then what was stored must not be a cut password."""
    page.goto(invitation())
    page.evaluate("document.querySelectorAll('input').forEach(field => field.removeAttribute('maxlength'))")
    choose(page, "dora", "x1 Ü🦊" * 2000)
    expect(page.locator(".field-error").first).to_be_visible()
    assert not User.objects.filter(username="dora").exists()


def test_a_password_of_emoji_opens_what_it_closed(page: Page) -> None:
    page.goto(invitation())
    choose(page, "dora", "🦊🐻🦉🐝🦔" * 4, "🦊🐻🦉🐝🦔" * 4)
    page.wait_for_url("**/sign-up/authenticator/")
    assert typed_key(page)


def test_wrong_codes_are_told_and_slow_down(page: Page, alice: Reader) -> None:
    page.goto("/sign-in/")
    give_password(page, alice)
    for code in ("000000", "12345", "١٢٣٤٥٦", "<script>", "9" * 400):
        page.get_by_label("Code", exact=True).fill(code)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(".field-error, .notice").first).to_be_visible()
    page.goto("/")
    expect(page).to_have_url(re.compile("/sign-in/"))


def test_who_waits_too_long_for_the_code_starts_again(page: Page, alice: Reader) -> None:
    page.goto("/sign-in/")
    give_password(page, alice)
    Session.objects.all().delete()
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/sign-in/**")
    expect(page.get_by_label("Password")).to_be_visible()
    sign_in(page, alice)


def test_a_cookie_thrown_away_means_locked_and_no_error(visit: Callable[..., Visitor], alice: Reader) -> None:
    visitor = visit()
    page = visitor.page()
    sign_in(page, alice)
    visitor.context.clear_cookies(name="__Host-vault")
    page.goto("/inbox/")
    page.wait_for_url("**/locked/**")
    unlock(page)
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_back_after_sign_up_does_not_show_the_key_again(page: Page) -> None:
    shown: list[str] = []
    sign_up(
        page, "dora", at_step=lambda step: shown.extend(page.locator(".key-groups code").all_inner_texts())
    )
    assert len(shown) == 9
    for _ in range(3):
        page.go_back()
        expect(page.locator("main")).not_to_contain_text(shown[0])
    page.goto("/sign-up/key/")
    page.wait_for_url("**/accounts/")
