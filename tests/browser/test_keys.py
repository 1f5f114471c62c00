"""Password, paper and keys through the pages: changed, lost, made anew; each is told on the events page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts import backupcodes, signup
from tests.browser.visitor import NEW_PASSWORD, Visitor, code_of, give_password, sign_in, type_groups
from tests.conftest import PASSWORD, Reader
from tests.mail.factories import letter, make_account, make_email

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 360, "height": 740}
TEXT = "Only you can read this."
with_and_without_scripts = pytest.mark.parametrize(
    "options", [{}, {"java_script_enabled": False, "viewport": PHONE}], ids=["scripts", "no scripts"]
)


@pytest.fixture
def mail(alice: Reader) -> str:
    """Where a mail of alice is, which says TEXT."""
    email = make_email(alice, make_account(alice).inbox, letter(f"{TEXT}\n", subject="For you"))
    return f"/mail/{email.pk}/"


def can_read(page: Page, mail: str) -> None:
    page.goto(mail)
    expect(page.get_by_text(TEXT)).to_be_visible()


def is_signed_out(page: Page) -> None:
    page.goto("/inbox/")
    expect(page).to_have_url(re.compile(r"/sign-in/"))


def is_told(page: Page, *sentences: str) -> None:
    """What the page of security events says, newest first."""
    page.goto("/settings/activity/")
    expect(page.locator(".events li > p:first-child").first).to_be_visible()
    told = page.locator(".events li > p:first-child").all_inner_texts()
    assert told[: len(sentences)] == list(sentences)


def fill_in_new_password(page: Page) -> None:
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password again").fill(NEW_PASSWORD)


def use_backup_code(page: Page, reader: Reader, code: str) -> None:
    page.goto("/sign-in/")
    give_password(page, reader)
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Sign in").click()


@with_and_without_scripts
def test_a_changed_password_signs_out_everybody_else(
    visit: Callable[..., Visitor], alice: Reader, mail: str, options: dict[str, object]
) -> None:
    page, other = visit(**options).page(), visit().page()
    sign_in(other, alice)
    sign_in(page, alice)
    page.goto("/settings/security/")
    page.get_by_role("link", name="Change it").click()
    page.get_by_label("Present password").fill("not the password at all")
    fill_in_new_password(page)
    page.get_by_role("button", name="Set the new password").click()
    expect(page.get_by_text("The password is not right. Nothing was changed.")).to_be_visible()
    can_read(other, mail)

    page.get_by_label("Present password").fill(PASSWORD)
    fill_in_new_password(page)
    page.get_by_role("button", name="Set the new password").click()
    expect(page).to_have_url(re.compile(r"/settings/background/"))
    expect(page.get_by_text("The new password is set.")).to_be_visible()
    expect(page.get_by_text("All lent keys have ended.")).to_be_visible()
    is_signed_out(other)
    can_read(page, mail)
    is_told(page, "The password was changed. Other sessions and lent keys ended.")

    alice.password = NEW_PASSWORD
    sign_in(other, alice)
    can_read(other, mail)


@with_and_without_scripts
def test_a_lost_password_is_replaced_with_the_recovery_key(
    visit: Callable[..., Visitor], alice: Reader, mail: str, options: dict[str, object]
) -> None:
    key = signup.issue_recovery_key(alice.vault).text
    other, page = visit().page(), visit(**options).page("/sign-in/")
    sign_in(other, alice)
    page.get_by_role("link", name="Password lost?").click()
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Recovery key").fill(("1" if key[0] == "0" else "0") + key[1:])
    fill_in_new_password(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("There is a typing error in this key")).to_be_visible()

    page.get_by_label("Recovery key").fill(key.lower().replace("-", " "))
    fill_in_new_password(page)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/sign-in/code/")
    can_read(other, mail)
    page.get_by_label("Code", exact=True).fill(code_of(alice))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/settings/security/recovery-key/")
    expect(page.get_by_text("The new password is set, and all your mail is here.")).to_be_visible()
    is_signed_out(other)

    page.locator("[name=first]").fill("0000")
    page.locator("[name=second]").fill("0000")
    page.get_by_label("Your present password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Use this key from now on").click()
    expect(page.get_by_text("These are not the two groups of the key above.")).to_be_visible()
    type_groups(page)
    page.get_by_label("Your present password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Use this key from now on").click()
    page.wait_for_url("**/settings/security/")
    expect(page.get_by_text("The new recovery key holds.")).to_be_visible()
    can_read(page, mail)
    is_told(
        page,
        "A new recovery key was made. The old one opens nothing.",
        "The recovery key was used to set a new password. All sessions and lent keys ended.",
    )


def test_old_backup_codes_work_until_the_new_ones_are_kept(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    old = backupcodes.issue(alice.pk)
    page, other = visit().page(), visit().page()
    sign_in(page, alice)
    page.goto("/settings/security/")
    page.get_by_role("link", name="Make new ones").click()
    new = page.locator(".codes code").all_inner_texts()
    assert len(set(new) - set(old)) == 10
    use_backup_code(other, alice, old[0])
    expect(other.get_by_text("9 of 10 are left.")).to_be_visible()

    page.get_by_label("Your present password").fill(PASSWORD)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("The new backup codes hold.")).to_be_visible()
    expect(page.get_by_text("10 of 10 are left.")).to_be_visible()
    third = visit().page()
    use_backup_code(third, alice, old[1])
    expect(third.get_by_text("no backup code that still works")).to_be_visible()
    third.get_by_label("Code", exact=True).fill(new[0])
    third.get_by_role("button", name="Sign in").click()
    expect(third.get_by_text("9 of 10 are left.")).to_be_visible()
    third.goto("/settings/activity/")
    for sentence in (
        "New backup codes were made. The old ones work no more.",
        "A wrong password or code was given. Nothing was opened.",
    ):
        expect(third.get_by_text(sentence)).to_be_visible()
    expect(third.get_by_text("A backup code was used in place of the authenticator.")).to_have_count(2)


def test_after_a_theft_new_keys_open_the_mail_and_old_paper_nothing(
    visit: Callable[..., Visitor], alice: Reader, mail: str
) -> None:
    paper = signup.issue_recovery_key(alice.vault).text
    page, other = visit().page(), visit().page()
    sign_in(other, alice)
    sign_in(page, alice)
    page.goto("/settings/security/")
    page.get_by_role("link", name="Make new keys").click()
    type_groups(page)
    page.get_by_label("Your present password").fill(PASSWORD)
    page.get_by_role("button", name="Make new keys").click()
    expect(page).to_have_url(re.compile(r"/settings/background/"))
    expect(page.get_by_text("The new keys hold, and all your mail is here.")).to_be_visible()
    can_read(page, mail)
    is_told(page, "New keys were made. Whoever had the old ones opens nothing that comes from now on.")

    is_signed_out(other)
    other.goto("/recover/")
    other.get_by_label("User name").fill("alice")
    other.get_by_label("Recovery key").fill(paper)
    fill_in_new_password(other)
    other.get_by_role("button", name="Continue").click()
    expect(other.get_by_text("User name and recovery key do not fit together.")).to_be_visible()
    sign_in(other, alice)
    can_read(other, mail)


def test_another_session_is_ended_from_the_sessions_page(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    page, other, third = visit().page(), visit().page(), visit().page()
    for each in (page, other, third):
        sign_in(each, alice)
    page.goto("/settings/sessions/")
    expect(page.locator(".session")).to_have_count(3)
    expect(page.locator(".session").first).to_contain_text("this one")
    page.locator(".session").nth(1).get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("That session was signed out. Its keys are gone.")).to_be_visible()
    expect(page.locator(".session")).to_have_count(2)
    is_signed_out(third)  # seen last, so it stood second

    page.get_by_role("button", name="Sign out all others").click()
    expect(page.get_by_text("You are signed in nowhere else.")).to_be_visible()
    is_signed_out(other)
    is_told(page, "Signed out from another session.", "Signed out from another session.")


def reach(page: Page, target: Locator) -> None:
    """By the Tab key alone."""
    for _ in range(60):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the Tab key does not come there")


def type_into(page: Page, label: str, text: str) -> None:
    reach(page, page.get_by_label(label, exact=True))
    page.keyboard.type(text)


def test_the_password_is_changed_by_the_keyboard_alone(visit: Callable[..., Visitor], alice: Reader) -> None:
    page = visit().page()
    sign_in(page, alice)
    reach(page, page.get_by_role("link", name="Settings"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/**")
    reach(page, page.get_by_role("link", name="Change it"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/security/password/")
    type_into(page, "Present password", PASSWORD)
    type_into(page, "New password", NEW_PASSWORD)
    type_into(page, "New password again", NEW_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The new password is set.")).to_be_visible()


def test_a_lost_password_is_replaced_by_the_keyboard_alone(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    key = signup.issue_recovery_key(alice.vault).text
    page = visit().page("/sign-in/")
    reach(page, page.get_by_role("link", name="Password lost?"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/recover/")
    type_into(page, "User name", "alice")
    type_into(page, "Recovery key", key)
    type_into(page, "New password", NEW_PASSWORD)
    type_into(page, "New password again", NEW_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code/")
    type_into(page, "Code", code_of(alice))
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/security/recovery-key/")
    groups = page.locator(".key-groups code").all_inner_texts()
    for label in page.locator(".key-input label").all_inner_texts():
        type_into(page, label, groups[int(label.split()[-1]) - 1])
    type_into(page, "Your present password", NEW_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The new recovery key holds.")).to_be_visible()
