"""The form of a mail account in a browser: a port goes along with its encryption, questions come when due."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts import mailboxes
from accounts.models import MailAccount
from tests.browser.visitor import Visitor, enter_by_hand, sign_in
from tests.conftest import Reader
from tests.mail.factories import make_account, make_emails

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(visit: Callable[..., Visitor], alice: Reader) -> Page:
    page = visit().page()
    sign_in(page, alice)
    return page


def test_the_port_goes_along_with_the_encryption_unless_it_is_another(page: Page) -> None:
    enter_by_hand(page, "alice@example.org")
    security, port = page.get_by_label("Encryption", exact=True), page.get_by_label("Port", exact=True)
    security.select_option("starttls")
    expect(port).to_have_value("143")
    security.select_option("tls")
    expect(port).to_have_value("993")
    port.fill("4143")
    security.select_option("starttls")
    expect(port).to_have_value("4143")
    page.locator("summary", has_text="Sending").click()
    page.get_by_label("Encryption for sending").select_option("starttls")
    expect(page.get_by_label("Port for sending")).to_have_value("587")


def test_the_password_for_sending_is_asked_for_where_it_is_another(page: Page) -> None:
    enter_by_hand(page, "alice@example.org")
    page.locator("summary", has_text="Sending").click()
    own = page.get_by_label("Password for sending", exact=True)
    expect(own).to_be_hidden()
    page.get_by_label("Sending has a password of its own").check()
    expect(own).to_be_visible()


def test_a_known_provider_is_added_by_address_and_password(page: Page, alice: Reader) -> None:
    page.goto("/accounts/add/")
    page.get_by_label("Mail address").fill("eva@posteo.de")
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.get_by_text("The servers are from Posteo's settings.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill("secret")
    page.get_by_role("button", name="Add and sync").click()
    page.wait_for_url("**/accounts/")
    details = mailboxes.read(alice.vault, MailAccount.objects.for_user(alice.user).get())
    assert (details.host, details.port, details.username) == ("posteo.de", 993, "eva@posteo.de")
    assert details.smtp is not None


@pytest.mark.parametrize("script", [True, False])
def test_a_move_asks_once_what_becomes_of_mail_and_keeps_what_was_typed(
    visit: Callable[..., Visitor], alice: Reader, script: bool
) -> None:
    box = make_account(alice)
    make_emails(alice, box.inbox, 2)
    page = visit(java_script_enabled=script).page()
    sign_in(page, alice)
    page.goto(f"/accounts/{box.account.pk}/edit/")
    expect(page.get_by_text("Mail that is already here")).to_have_count(0)
    page.get_by_label("Server", exact=True).fill("imap.elsewhere.example")
    page.get_by_label(re.compile("^Password · ")).or_(page.get_by_label("Password", exact=True)).first.fill(
        "new"
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("What is to become of the 2 mails that are here?")).to_be_visible()
    page.get_by_label(re.compile("^Keep it.")).check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/accounts/")
    assert mailboxes.read(alice.vault, MailAccount.objects.for_user(alice.user).get()).host.startswith(
        "imap.elsewhere"
    )
