"""The lock as a reader meets it: told before it strikes, what was typed and not sent kept, nothing to be read
meanwhile, other tabs along."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db.models import F
from playwright.sync_api import Page, expect

from accounts import mailboxes
from accounts.mailboxes import Details
from accounts.models import MailAccount, ReaderSession
from tests.browser.visitor import Visitor, sign_in, unlock
from tests.conftest import PASSWORD, Reader
from tests.mail.factories import letter, make_account, make_email

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TYPED = "Typed and not sent"
DETAILS = Details(
    name="Work",
    address="alice@example.org",
    host="imap.example.org",
    port=993,
    security="tls",
    username="alice",
    password="secret",
)


def age(reader: Reader, *clocks: str, minutes: float) -> None:
    """The reader's sessions, older by so much: `age(alice, "acted_at", minutes=29)`."""
    by = timedelta(minutes=minutes)
    ReaderSession.objects.for_user(reader.user).update(**{name: F(name) - by for name in clocks})


def pass_time(page: Page, reader: Reader, minutes: int) -> None:
    """Nothing is done for so long: for the server, and for the page."""
    age(reader, "acted_at", "unlocked_at", minutes=minutes)
    page.clock.fast_forward(minutes * 60_000)


def fill_in(page: Page, reader: Reader) -> None:
    """A form that is not sent."""
    account = MailAccount.objects.for_user(reader.user).first() or mailboxes.add(reader.vault, DETAILS)
    page.goto(f"/accounts/{account.pk}/edit/")
    page.get_by_label("Name here").fill(TYPED)


def expect_kept(page: Page) -> None:
    expect(page.get_by_label("Name here")).to_have_value(TYPED)


def send(page: Page, reader: Reader) -> None:
    """The form arrives."""
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/accounts/")
    assert reader.vault.open_text(MailAccount.objects.for_user(reader.user).get(), "name") == TYPED


def uncover(page: Page, password: str = PASSWORD) -> None:
    """The password, on the cover."""
    page.locator(".cover").get_by_label("Password").fill(password)
    page.get_by_role("button", name="Unlock").click()


def expect_covered(page: Page) -> None:
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    assert page.title() == "Locked · Mail Helper"
    seen = page.evaluate("document.body.innerText")
    assert "alice" not in seen
    assert TYPED not in seen
    shown = page.locator("input:visible").all()
    assert [field.get_attribute("id") for field in shown] == ["cover-password"]


@pytest.fixture
def page(visit: Callable[..., Visitor], alice: Reader) -> Page:
    """A tab of alice, whose clock the test moves."""
    page = visit().page()
    page.clock.install()
    sign_in(page, alice)
    return page


def test_two_minutes_before_the_idle_lock_one_can_stay(page: Page, alice: Reader) -> None:
    notice = page.get_by_role("status").filter(has_text="Locks in")
    page.goto("/inbox/")
    expect(notice).to_be_hidden()
    pass_time(page, alice, 27)
    expect(notice).to_be_hidden()
    age(alice, "acted_at", minutes=1.5)
    page.clock.fast_forward("01:30")
    expect(notice).to_contain_text("Locks in 2 min.")
    page.get_by_role("button", name="Stay").click()
    expect(notice).to_be_hidden()
    row = ReaderSession.objects.for_user(alice.user).get()
    assert row.acted_at > row.unlocked_at + timedelta(minutes=25)
    expect(page.locator("[data-lock-now]")).to_contain_text("30 min")


def test_the_last_lock_is_told_and_nothing_helps(page: Page, alice: Reader) -> None:
    age(alice, "unlocked_at", minutes=8 * 60 - 9)
    page.goto("/inbox/")
    notice = page.get_by_text("whatever you do")
    expect(notice).to_be_visible()
    expect(page.get_by_role("button", name="Stay")).to_be_hidden()
    page.get_by_role("button", name="Dismiss").click()
    expect(notice).to_be_hidden()
    pass_time(page, alice, 9)
    page.wait_for_url("**/locked/**")


def test_what_was_typed_outlives_the_lock_and_cannot_be_read_meanwhile(page: Page, alice: Reader) -> None:
    fill_in(page, alice)
    pass_time(page, alice, 31)
    expect_covered(page)
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert TYPED not in kept
    page.keyboard.press("m")  # the key that leads to the matrix
    uncover(page, "not the password at all")
    expect(page.get_by_text("The password is not right.")).to_be_visible()
    expect_covered(page)
    uncover(page)
    expect_kept(page)
    expect(page.get_by_label("Name here")).to_be_visible()
    send(page, alice)


def test_a_form_that_came_back_with_an_error_is_kept_too(page: Page, alice: Reader) -> None:
    fill_in(page, alice)
    page.get_by_label("Port", exact=True).fill("0")
    page.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true })")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field-error").first).to_be_visible()
    pass_time(page, alice, 31)
    expect_covered(page)
    uncover(page)
    expect_kept(page)


def test_a_page_with_nothing_to_lose_leaves(page: Page, alice: Reader) -> None:
    page.goto("/accounts/add/")
    pass_time(page, alice, 31)
    page.wait_for_url("**/locked/?next=%2Faccounts%2Fadd%2F")


def test_an_act_elsewhere_keeps_the_page_open(page: Page, alice: Reader) -> None:
    """The page's own clock ran out; the server's did not. To ask was no act."""
    page.goto("/inbox/")
    before = ReaderSession.objects.for_user(alice.user).get().acted_at
    with page.expect_response("**/lock/state/"):
        page.clock.fast_forward("31:00")
    expect(page.locator("[data-lock-now]")).to_contain_text("30 min")
    assert page.url.endswith("/inbox/")
    assert ReaderSession.objects.for_user(alice.user).get().acted_at == before


def test_a_lock_keeps_what_was_typed_in_other_tabs_and_an_unlock_brings_it_back(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    make_email(alice, make_account(alice).inbox, letter(subject="Secret subject"))
    visitor = visit()
    typing = visitor.page()
    sign_in(typing, alice)
    fill_in(typing, alice)
    reading = visitor.page("/inbox/")
    expect(reading.get_by_text("Secret subject")).to_be_visible()
    typing.get_by_role("button", name="Lock now").click()
    expect_covered(typing)
    reading.wait_for_url("**/locked/**")
    unlock(reading)
    expect(reading.get_by_text("Secret subject")).to_be_visible()
    expect_kept(typing)


def test_the_locked_page_follows_the_unlock_of_another_tab(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    visitor = visit()
    typing = visitor.page()
    sign_in(typing, alice)
    waiting = visitor.page("/inbox/")
    fill_in(typing, alice)
    typing.get_by_role("button", name="Lock now").click()
    waiting.wait_for_url("**/locked/**")
    uncover(typing)
    waiting.wait_for_url("**/inbox/")
    expect_kept(typing)


def test_after_a_new_sign_in_the_old_form_is_good_again(visit: Callable[..., Visitor], alice: Reader) -> None:
    visitor = visit()
    page = visitor.page()
    sign_in(page, alice)
    fill_in(page, alice)
    Session.objects.all().delete()
    page.get_by_role("button", name="Lock now").click()
    expect_covered(page)
    expect(page.get_by_text("This session has ended.")).to_be_visible()
    with visitor.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in a new tab").click()
    sign_in(opened.value, alice)
    expect_kept(page)
    send(page, alice)


def test_nothing_of_it_is_shown_to_another_reader(
    visit: Callable[..., Visitor], alice: Reader, bob: Reader
) -> None:
    visitor = visit()
    page = visitor.page()
    sign_in(page, alice)
    fill_in(page, alice)
    Session.objects.all().delete()
    page.get_by_role("button", name="Lock now").click()
    expect_covered(page)
    sign_in(visitor.page(), bob)
    page.wait_for_url("**/")
    expect(page.locator(".menu summary", has_text="bob")).to_be_visible()
    expect(page.get_by_label("Name here")).to_have_count(0)


def test_a_part_of_the_page_that_meets_the_lock_does_not_take_the_rest_away(
    page: Page, alice: Reader
) -> None:
    fill_in(page, alice)
    age(alice, "acted_at", minutes=31)
    page.get_by_role("button", name="Test connection").click()
    expect_covered(page)
    uncover(page)
    expect_kept(page)


def test_a_form_sent_after_the_lock_is_not_lost(page: Page, alice: Reader) -> None:
    """A machine that slept: the button is there before any clock has been looked at."""
    fill_in(page, alice)
    age(alice, "acted_at", minutes=31)
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 31 * 60)
    page.evaluate("document.getElementById('account-form').requestSubmit()")
    expect_covered(page)
    page.clock.resume()
    uncover(page)
    send(page, alice)


def test_where_the_server_does_not_answer_the_page_is_covered_all_the_same(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    visitor = visit()
    page = visitor.page()
    page.clock.install()
    sign_in(page, alice)
    fill_in(page, alice)
    page.context.set_offline(True)
    page.clock.fast_forward("31:00")
    expect_covered(page)
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    page.context.set_offline(False)
    age(alice, "acted_at", minutes=31)
    uncover(page)
    expect_kept(page)
    visitor.troubles = [said for said in visitor.troubles if "ERR_INTERNET_DISCONNECTED" not in said]


def test_without_a_script_a_form_stays_and_says_how_it_is_sent_after_the_lock(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.page()
    sign_in(page, alice)
    assert page.locator("meta[http-equiv=refresh]").count() == 1
    fill_in(page, alice)
    assert page.locator("meta[http-equiv=refresh]").count() == 0
    expect(page.locator("noscript p")).to_contain_text("This page stays then, with what was typed")
    expect(page.locator("noscript p")).to_be_visible()
    age(alice, "acted_at", minutes=31)
    with visitor.context.expect_page() as opened:
        page.get_by_role("link", name="Unlock in a new tab").click()
    unlock(opened.value)
    send(page, alice)


@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
def test_cover_and_notices_fit_a_telephone(
    visit: Callable[..., Visitor], alice: Reader, colour_scheme: str
) -> None:
    page = visit(viewport={"width": 360, "height": 740}, color_scheme=colour_scheme).page()
    page.clock.install()
    sign_in(page, alice)
    age(alice, "unlocked_at", minutes=8 * 60 - 9)
    fill_in(page, alice)
    expect(page.get_by_text("whatever you do")).to_be_visible()
    narrow = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(narrow)
    pass_time(page, alice, 10)
    expect_covered(page)
    assert page.evaluate(narrow)
