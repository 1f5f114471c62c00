"""Leaving, in a browser: a real download, a real upload, and a real worker that removes what is left."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from mail.models import Email
from tests.browser.test_every_page import DESK, FAINT, PHONE, look
from tests.browser.visitor import Visitor, sign_in
from tests.conftest import PASSWORD, Reader
from tests.mail.factories import make_account, make_emails
from tests.worker import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAILS = 300


def take_along(page: Page, path: Path) -> Path:
    """Download the archive."""
    page.goto("/settings/leaving/")
    page.get_by_label("Your present password").fill(PASSWORD)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the archive").click()
    assert download.value.suggested_filename.startswith("MailHelper-export-")
    download.value.save_as(path)
    return path


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_all_mail_goes_from_one_reader_to_another(
    visit: Callable[..., Visitor], alice: Reader, bob: Reader, tmp_path: Path, scripts: bool
) -> None:
    make_emails(alice, make_account(alice).inbox, MAILS)
    page = visit(java_script_enabled=scripts).page()
    sign_in(page, alice)
    archive = take_along(page, tmp_path / "export.zip")
    with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as opened:
        assert opened.testzip() is None
    other = visit(java_script_enabled=scripts).page()
    sign_in(other, bob)
    other.goto("/settings/leaving/")
    other.get_by_label("Archive").set_input_files(archive)
    other.get_by_role("button", name="Bring it in").click()
    expect(other.get_by_text(f"{MAILS} mails were brought in.")).to_be_visible()
    other.goto("/inbox/")
    expect(other.get_by_text("Letter 0")).to_be_visible()


def test_a_reader_is_gone_within_moments(visit: Callable[..., Visitor], alice: Reader) -> None:
    make_emails(alice, make_account(alice).inbox, MAILS)
    page = visit().page()
    sign_in(page, alice)
    page.goto("/settings/leaving/")
    page.get_by_role("link", name="Delete my account here").click()
    page.get_by_label("Your user name").fill("alice")
    page.get_by_label("Your present password").fill(PASSWORD)
    page.get_by_role("button", name="Delete everything for good").click()
    expect(page.get_by_role("heading", name="Everything is unreadable now")).to_be_visible()
    wait_for(lambda: not User.objects.filter(username="alice").exists())
    assert not Email.objects.for_user(alice.user).exists()
    page.goto("/inbox/")
    page.wait_for_url("**/sign-in/**")


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
def test_its_pages_are_well(
    visit: Callable[..., Visitor], alice: Reader, viewport: dict[str, int], colour_scheme: str
) -> None:
    page = visit(viewport=viewport, color_scheme=colour_scheme).page()
    sign_in(page, alice)
    for path in ("/settings/leaving/", "/settings/leaving/delete/"):
        page.goto(path)
        look(page)
        assert page.evaluate(FAINT) == []
