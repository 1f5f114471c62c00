"""Every page: no refusal by the policy, no script error, nothing wider than a telephone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Page

from accounts import events, grants, knowndevices
from accounts.models import Grant, MailAccount, SecurityEvent
from tests.browser import letters
from tests.browser.visitor import Visitor, give_password, lock, sign_in, sign_up
from tests.conftest import Reader
from tests.conftest import sign_in as elsewhere
from tests.mail.factories import letter, make_account, make_email, make_folder
from tests.softkey import make_passkey

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 820}
ENDLESS = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrente" * 5


def look(page: Page) -> None:
    """Nothing sticks out at the side."""
    assert page.evaluate(STICKING_OUT) == []


def furnish(reader: Reader) -> list[str]:
    """A mailbox where everything is too long; the pages that show it."""
    box = make_account(reader, address=f"{'a' * 60}@{'b' * 60}.example.org", roles=["junk", "trash"])
    make_folder(reader, box.account, "/".join(["Projekte", ENDLESS, "Müller & Söhne"]))
    html = f"<table width=1400><tr><td>{ENDLESS}</td><td>{letters.HOSTILE_TEXT}</td></tr></table>"
    long = make_email(
        reader,
        box.inbox,
        letter(
            f"{ENDLESS}\n\nhttps://example.org/{ENDLESS}\n",
            subject=ENDLESS,
            sender=f'"{ENDLESS[:90]}" <{"c" * 60}@{"d" * 60}.example.org>',
            html=html,
        ),
        urgency=3,
        importance=3,
        flagged=True,
        answered=True,
    )
    MailAccount.objects.for_user(reader.user).update(state="attention", error="login-refused")
    be_told(reader)
    mail = f"/mail/{long.pk}/"
    account = box.account.pk
    return [
        "/",
        "/inbox/",
        "/inbox/?unread=1",
        f"/inbox/?account={account}",
        f"/inbox/?folder={box.folder('trash').pk}&account={account}",
        "/inbox/?urgency=3&importance=3",
        mail,
        f"{mail}?view=text",
        f"{mail}?view=html",
        f"{mail}?view=source",
        "/accounts/",
        "/accounts/add/",
        f"/accounts/{account}/edit/",
        f"/accounts/{account}/doctor/",
        f"/accounts/{account}/delete/",
        "/settings/security/",
        "/settings/security/authenticator/?lost=1",
        "/settings/security/passkeys/add/",
        f"/settings/security/passkeys/{make_passkey(reader, label=ENDLESS[:64]).pk}/rename/",
        f"/settings/security/passkeys/{make_passkey(reader).pk}/remove/",
        "/settings/sessions/",
        "/settings/activity/",
        "/settings/activity/?show=failures",
        "/settings/background/?again=1",
        "/nowhere/",
    ]


def be_told(reader: Reader) -> None:
    """Two other browsers signed in, one of a long name; something failed; what is lent ends tomorrow."""
    for name in (ENDLESS, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"):
        request = RequestFactory().get("/", headers={"User-Agent": name})
        knowndevices.welcome(request, reader.pk)
        elsewhere(reader)
        events.record(reader.pk, SecurityEvent.Kind.SIGN_IN_FAILED, request)
    grants.give(reader.vault, Grant.Until.WEEK)
    Grant.objects.for_user(reader.user).update(expires_at=timezone.now() + timedelta(days=1))


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
def test_pages_of_a_reader_are_well(
    visit: Callable[..., Visitor], alice: Reader, viewport: dict[str, int], colour_scheme: str
) -> None:
    page = visit(viewport=viewport, color_scheme=colour_scheme).page()
    paths = furnish(alice)
    sign_in(page, alice)
    for path in paths:
        page.goto(path)
        look(page)
        for summary in page.locator("main details > summary").all():
            summary.click()
        look(page)


def test_pages_of_a_reader_with_nothing_yet_are_well(visit: Callable[..., Visitor], alice: Reader) -> None:
    page = visit(viewport=PHONE).page()
    sign_in(page, alice)
    for path in ("/", "/inbox/", "/accounts/"):
        page.goto(path)
        look(page)
        assert page.get_by_role("link", name="Add an account").is_visible()


def test_sign_up_and_its_ends_are_well(visit: Callable[..., Visitor]) -> None:
    page = visit(viewport=PHONE).page()
    sign_up(page, "d" * 64, at_step=lambda step: look(page))
    look(page)
    page.goto("/sign-up/nothing/")
    look(page)


def test_sign_in_and_the_locked_page_are_well(visit: Callable[..., Visitor], alice: Reader) -> None:
    page = visit(viewport=PHONE).page("/sign-in/")
    look(page)
    give_password(page, alice)
    look(page)
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Sign in").click()
    look(page)
    sign_in(page, alice)
    page.locator(".rail-button").click()
    look(page)
    page.keyboard.press("Escape")
    lock(page)
    look(page)


def test_colours_reach_their_contrast(visit: Callable[..., Visitor], alice: Reader) -> None:
    """Text on its ground, 4.5 to 1, as the browser computes both (WCAG 2.2, 1.4.3)."""
    paths = furnish(alice)
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme, viewport=DESK).page()
        sign_in(page, alice)
        for path in paths:
            page.goto(path)
            assert page.evaluate(FAINT) == []


STICKING_OUT = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > root.clientWidth)
    .map((element) => `${root.scrollWidth}: ${element.outerHTML.slice(0, 100)}`);
}"""

FAINT = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = numbers(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.body.querySelectorAll("*")) {
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!says || element.disabled || !element.checkVisibility()) continue;
    const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${element.outerHTML.slice(0, 120)}`);
  }
  return faint;
}"""
