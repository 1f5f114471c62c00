"""The essential way without JavaScript."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.browser.visitor import Visitor, enter_by_hand, lock, sign_in, sign_up, unlock
from tests.conftest import Reader
from tests.mail.factories import letter, make_account, make_email, make_emails

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(visit: Callable[..., Visitor]) -> Page:
    return visit(java_script_enabled=False).page()


def test_a_reader_finds_and_reads_mail_and_locks(page: Page, alice: Reader) -> None:
    box = make_account(alice)
    make_emails(alice, box.inbox, 119)
    make_email(
        alice, box.inbox, letter("Only you can read this.\n", subject="For you"), urgency=3, importance=3
    )
    sign_in(page, alice)
    expect(page.get_by_text("120 open mails.")).to_be_visible()
    page.locator('[data-cell="33"]').get_by_role("link", name="For you").click()
    expect(page.get_by_text("Only you can read this.")).to_be_visible()
    page.get_by_role("link", name="Source").click()
    expect(page.locator("pre")).to_contain_text("Subject: For you")

    page.get_by_role("link", name="Inbox").first.click()
    seen: list[str] = page.locator(".row-subject").all_inner_texts()
    while page.get_by_role("link", name="Older").count():
        page.get_by_role("link", name="Older").click()
        seen += page.locator(".row-subject").all_inner_texts()
    assert len(seen) == len(set(seen)) == 120
    page.get_by_role("link", name="Newer").click()
    assert page.locator(".row-subject").first.inner_text() in seen

    lock(page)
    page.goto("/inbox/")
    expect(page).to_have_url(re.compile(r"/locked/\?next=%2Finbox%2F"))
    unlock(page)
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    page.locator(".menu summary", has_text="alice").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("Signed out.")).to_be_visible()


def test_a_page_left_open_asks_again_only_when_the_vault_has_locked(page: Page, alice: Reader) -> None:
    """A second too early it would find the vault open, be sent back, and keep it open for ever."""
    sign_in(page, alice)
    refresh = page.locator("noscript meta, meta[http-equiv]").first.get_attribute("content") or ""
    seconds, target = refresh.split(";")
    assert int(seconds) > settings.VAULT_IDLE.total_seconds()
    assert target == "url=/locked/"


def test_a_connection_is_tested_and_what_was_typed_stays(page: Page, alice: Reader) -> None:
    sign_in(page, alice)
    enter_by_hand(page, "alice@example.org")
    page.get_by_label("Server", exact=True).fill("127.0.0.1")
    page.get_by_label("User name", exact=True).fill("alice")
    page.get_by_label("Password", exact=True).fill("secret of alice")
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("The connection failed.")).to_be_visible()
    assert page.get_by_label("User name", exact=True).input_value() == "alice"
    assert page.get_by_label("Password", exact=True).input_value() == "secret of alice"


def test_filters_work_by_their_button(page: Page, alice: Reader) -> None:
    box = make_account(alice, roles=["archive"])
    make_email(alice, box.inbox, letter(subject="In the inbox"))
    make_email(alice, box.folder("archive"), letter(subject="In the archive"))
    sign_in(page, alice)
    page.goto("/inbox/")
    page.get_by_label("Account").select_option("alice@example.org")
    page.get_by_role("button", name="Show").click()
    page.get_by_label("Folder").select_option("Archive")
    page.get_by_role("button", name="Show").click()
    assert page.locator(".row-subject").all_inner_texts() == ["In the archive"]


def test_sign_up_works(page: Page) -> None:
    sign_up(page, "dora")
    expect(page.get_by_text("No mail account yet")).to_be_visible()
