"""The main way through the product, once and whole."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import letters
from tests.browser.canary import Canary
from tests.browser.house import House
from tests.browser.visitor import NEW_PASSWORD, Visitor, enter_by_hand, lock, sign_up, unlock
from tests.servers.dovecot import Dovecot

pytestmark = [pytest.mark.browser, pytest.mark.dovecot, pytest.mark.django_db(transaction=True)]

MAILS = 12


@pytest.fixture
def mailbox(dovecot: Dovecot, mail_user: str, canary: Canary) -> str:
    """A user of Dovecot with MAILS mails."""
    few = [letters.hostile(canary.url), letters.newsletter(canary.url), letters.pressing()]
    with dovecot.mailbox(mail_user) as box:
        box.append([*few, *(letters.plain(number) for number in range(MAILS - len(few)))])
    return mail_user


def fill_in(page: Page, dovecot: Dovecot, user: str, password: str) -> None:
    enter_by_hand(page, "alice@example.org")
    page.get_by_label("Name here").fill("Private")
    page.get_by_label("Server", exact=True).fill(dovecot.host)
    page.get_by_label("Port", exact=True).fill(str(dovecot.port))
    page.get_by_label("Encryption", exact=True).select_option("none")
    page.get_by_label("User name", exact=True).fill(user)
    page.get_by_label("Password", exact=True).fill(password)


def test_a_new_reader_comes_from_the_invitation_to_their_mail(
    visit: Callable[..., Visitor], house: House, dovecot: Dovecot, mailbox: str, canary: Canary
) -> None:
    visitor = visit()
    page = visitor.page()
    sign_up(page, "alice")
    expect(page.get_by_text("No mail account yet")).to_be_visible()

    page.get_by_role("link", name="Add an account").click()
    fill_in(page, dovecot, mailbox, "wrong")
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("The connection failed.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill("secret")
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("The connection works.")).to_be_visible()

    house.hold()
    page.get_by_role("button", name="Add and sync").click()
    card = page.locator(".account")
    expect(card.get_by_text("Syncing", exact=True)).to_be_visible()
    expect(card.get_by_text("counting mails")).to_be_visible()
    house.go_on()
    expect(card.get_by_text("Up to date")).to_be_visible()
    expect(card.get_by_text(f"{MAILS} mails")).to_be_visible()
    expect(card.get_by_text(f"just now: {MAILS} new")).to_be_visible()

    page.get_by_role("link", name="Matrix").click()
    expect(page.get_by_text(f"{MAILS} open mails.")).to_be_visible()
    counts = [int(count) for count in page.locator(".cell-count").all_inner_texts()]
    assert len(counts) == 9
    assert sum(counts) == MAILS
    urgent = page.locator('[data-cell="33"], [data-cell="32"]')
    expect(urgent.get_by_text("Contract: please sign by tomorrow")).to_be_visible()

    page.get_by_role("link", name="Inbox").first.click()
    page.get_by_role("link", name=letters.HOSTILE_SUBJECT).click()
    look_at_hostile_mail(page, canary)

    address = page.url
    lock(page)
    expect(page.locator("body")).not_to_contain_text("alice")
    page.goto(address)
    expect(page).to_have_url(re.compile(r"/locked/\?next="))
    unlock(page, "not the password at all")
    expect(page.get_by_text("The password is not right.")).to_be_visible()
    unlock(page, NEW_PASSWORD)
    page.wait_for_url(address)
    expect(page.frame_locator("iframe").get_by_text(letters.HOSTILE_TEXT)).to_be_visible()
    assert not canary.seen


def look_at_hostile_mail(page: Page, canary: Canary) -> None:
    """Its words and its own picture are seen; nothing of it runs, loads or leaves."""
    title = page.title()
    frame = page.frame_locator("iframe.mail-html")
    expect(frame.get_by_text(letters.HOSTILE_TEXT)).to_be_visible()
    assert frame.locator("#logo, img[src^='data:']").first.evaluate("image => image.naturalWidth") == 8
    assert frame.locator("body").evaluate("() => window.origin") == "null"
    assert page.locator("iframe").get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    assert frame.locator("script, form, iframe, object, video, svg, link, meta[http-equiv]").count() == 0
    expect(page.get_by_text(re.compile("image.* and .*tracker.* blocked"))).to_be_visible()
    expect(page.get_by_text("Rechnung Müller.pdf")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Rechnung Müller.pdf").click()
    assert download.value.suggested_filename == "Rechnung Müller.pdf"
    page.wait_for_load_state("networkidle")
    assert page.title() == title
    assert not canary.seen
