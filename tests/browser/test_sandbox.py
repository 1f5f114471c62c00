"""Each wall around a mail's HTML alone: here the sanitiser is taken away, and the others must hold."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import letters
from tests.browser.canary import Canary
from tests.browser.visitor import Visitor, sign_in
from tests.conftest import Reader
from tests.mail.factories import letter, make_account, make_email

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def visitor(visit: Callable[..., Visitor], alice: Reader) -> Visitor:
    visitor = visit()
    sign_in(visitor.page(), alice)
    return visitor


@pytest.fixture
def mail(alice: Reader) -> str:
    box = make_account(alice)
    return f"/mail/{make_email(alice, box.inbox, letter(html='<p>Harmless</p>')).pk}/"


def unsanitised(page: Page, canary: Canary, *, policy: bool) -> None:
    """Answer with the HTML as it came; with or without the policy that stands in the answer's head."""

    def answer(route: Route) -> None:
        response = route.fetch()
        headers = {
            name: value
            for name, value in response.headers.items()
            if policy or name.lower() != "content-security-policy"
        }
        route.fulfill(status=200, headers=headers, body=letters.hostile_html(canary.url))

    page.route("**/mail/*/body/", answer)


def test_the_policy_alone_keeps_a_mail_from_running_and_loading(
    visitor: Visitor, mail: str, canary: Canary
) -> None:
    page = visitor.page()
    unsanitised(page, canary, policy=True)
    page.goto(f"{mail}body/")
    expect(page.get_by_text(letters.HOSTILE_TEXT)).to_be_visible()
    assert page.evaluate("window.origin") == "null"
    assert page.title() == "x"
    assert not canary.seen
    assert [one for one in visitor.troubles if one.startswith("error")]  # the policy says what it refused
    visitor.troubles.clear()


def test_the_frame_alone_keeps_a_mail_from_running(visitor: Visitor, mail: str, canary: Canary) -> None:
    page = visitor.page()
    unsanitised(page, canary, policy=False)
    page.goto(f"{mail}?view=html")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text(letters.HOSTILE_TEXT)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert "owned" not in page.title()
    assert not {"/script", "/error", "/svg"} & set(canary.seen)
    assert "/picture.png" in canary.seen  # without the policy pictures are asked for: the canary sings
    visitor.troubles.clear()


def test_a_link_in_a_mail_opens_a_tab_that_knows_nothing_of_ours(
    visitor: Visitor, alice: Reader, canary: Canary
) -> None:
    box = make_account(alice)
    html = f'<p><a href="{canary.url}/link">Read on</a></p>'
    email = make_email(alice, box.inbox, letter(html=html))
    page = visitor.page(f"/mail/{email.pk}/?view=html")
    with page.expect_popup() as popup:
        page.frame_locator("iframe").get_by_role("link", name="Read on").click()
    assert popup.value.evaluate("window.opener") is None
    assert popup.value.evaluate("document.referrer") == ""
    assert f"{canary.url}/link" in "".join(visitor.troubles)
    visitor.troubles.clear()
