"""A passkey in Chromium: made on the page of settings, used at sign-in, with its virtual authenticator."""

from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession, Page, expect

from accounts.models import Passkey
from tests.browser.visitor import Visitor, code_of, give_password, is_the_matrix, sign_in
from tests.conftest import PASSWORD, Reader

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def plug_in(page: Page, **options: object) -> tuple[CDPSession, str]:
    """A virtual authenticator (WebDriver, WebAuthn §11), and its id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    kind = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    found = session.send("WebAuthn.addVirtualAuthenticator", {"options": {**kind, **options}})
    return session, found["authenticatorId"]


def add(page: Page, name: str) -> None:
    """As far as the browser's part."""
    page.goto("/settings/security/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Your present password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Make the passkey").click()


def sign_out(page: Page) -> None:
    page.goto("/settings/sessions/")
    page.get_by_role("button", name="Sign out here").click()
    page.wait_for_url("**/sign-in/**")


def test_a_passkey_is_made_used_and_removed(visit: Callable[..., Visitor], alice: Reader) -> None:
    page = visit().page()
    session, authenticator = plug_in(page)
    sign_in(page, alice)
    add(page, "This laptop")
    expect(page.get_by_text("The passkey is added.")).to_be_visible()
    expect(page.get_by_text("This laptop", exact=True)).to_be_visible()
    sign_out(page)

    give_password(page, alice)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(is_the_matrix)
    row = Passkey.objects.for_user(alice.user).get()
    assert row.used_at
    (held,) = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert held["signCount"] == row.sign_count > 0

    page.goto("/settings/security/")
    page.get_by_role("link", name="Remove").click()
    page.get_by_label("Your present password").fill(PASSWORD)
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("The passkey is removed")).to_be_visible()
    sign_out(page)
    give_password(page, alice)
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)


def test_what_is_there_already_is_told(visit: Callable[..., Visitor], alice: Reader) -> None:
    page = visit().page()
    plug_in(page)
    sign_in(page, alice)
    add(page, "Once")
    page.wait_for_url("**/settings/security/")
    add(page, "Twice")
    expect(page.get_by_text("This one is among your passkeys already.")).to_be_visible()
    assert Passkey.objects.for_user(alice.user).count() == 1


def test_where_the_browser_gives_none_the_code_goes_on_to_work(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    page = visit().page()
    session, authenticator = plug_in(page)
    sign_in(page, alice)
    add(page, "This laptop")
    page.wait_for_url("**/settings/security/")
    sign_out(page)
    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": authenticator})
    plug_in(page, isUserVerified=False)
    give_password(page, alice)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("The browser gave no passkey")).to_be_visible()
    page.get_by_label("Code", exact=True).fill(code_of(alice))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(is_the_matrix)


def test_a_copy_is_told_by_its_count(visit: Callable[..., Visitor], alice: Reader) -> None:
    page = visit().page()
    plug_in(page)
    sign_in(page, alice)
    add(page, "This laptop")
    page.wait_for_url("**/settings/security/")
    sign_out(page)
    Passkey.objects.for_user(alice.user).update(sign_count=4711)
    give_password(page, alice)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("somebody may have a copy of it")).to_be_visible()


def test_without_scripts_no_passkey_is_offered(visit: Callable[..., Visitor], alice: Reader) -> None:
    page = visit().page()
    plug_in(page)
    sign_in(page, alice)
    add(page, "This laptop")
    page.wait_for_url("**/settings/security/")
    page = visit(java_script_enabled=False).page("/sign-in/")
    give_password(page, alice)
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()
    page.get_by_label("Code", exact=True).fill(code_of(alice))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(is_the_matrix)
    page.goto("/settings/security/passkeys/add/")
    page.get_by_label("Name").fill("No scripts")
    page.get_by_label("Your present password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
