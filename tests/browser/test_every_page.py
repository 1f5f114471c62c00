"""Every page: no refusal by the policy, no script error, nothing wider than a telephone, nothing nameless."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Page

from accounts import events, grants, invitations, knowndevices
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
    """Nothing sticks out at the side; who cannot see the page is told what everything is."""
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate(UNTOLD) == []


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
        "/settings/security/password/",
        "/settings/security/backup-codes/",
        "/settings/security/recovery-key/",
        "/settings/security/new-keys/",
        "/settings/security/authenticator/?lost=1",
        "/settings/security/passkeys/add/",
        f"/settings/security/passkeys/{make_passkey(reader, label=ENDLESS[:64]).pk}/rename/",
        f"/settings/security/passkeys/{make_passkey(reader).pk}/remove/",
        "/settings/sessions/",
        "/settings/activity/",
        "/settings/activity/?show=failures",
        "/settings/background/?again=1",
        "/settings/privacy/",
        "/settings/leaving/",
        "/settings/leaving/delete/",
        "/nowhere/",
    ]


def be_told(reader: Reader) -> None:
    """Two other browsers signed in, one of a long name; something failed; what is lent ends tomorrow."""
    for name in (ENDLESS, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"):
        request = RequestFactory().get("/", headers={"User-Agent": name})
        knowndevices.welcome(request, reader.pk, timezone.now())
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
    for path in ("/settings/security/", "/settings/sessions/", "/settings/background/", "/settings/privacy/"):
        page.goto(path)
        look(page)
    page.goto("/settings/activity/?show=failures")
    look(page)
    assert page.get_by_text("No failures.").is_visible()


FORMS = [
    "/settings/security/password/",
    "/settings/security/backup-codes/",
    "/settings/security/recovery-key/",
    "/settings/security/new-keys/",
    "/settings/security/authenticator/",
    "/settings/security/passkeys/add/",
    "/settings/leaving/delete/",
]


@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
def test_forms_with_all_their_errors_are_well(
    visit: Callable[..., Visitor], alice: Reader, colour_scheme: str
) -> None:
    page = visit(viewport=PHONE, color_scheme=colour_scheme).page()
    send_empty(page, "/recover/")
    sign_in(page, alice)
    for path in FORMS:
        send_empty(page, path)


def send_empty(page: Page, path: str) -> None:
    """Nothing is filled in; the browser lets it pass, the server does not."""
    page.goto(path)
    form = page.locator(f"main form[action='{path}']")
    form.evaluate("form => { form.noValidate = true; }")
    form.locator("button:not([type=button])").first.click()
    page.get_by_role("alert").wait_for()
    assert page.locator("[aria-invalid=true]").count()
    look(page)
    assert page.evaluate(FAINT) == []


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_pages_of_operators_are_well(
    visit: Callable[..., Visitor], alice: Reader, operator: Reader, viewport: dict[str, int]
) -> None:
    """Django's own, under our policy: none of its scripts is refused. Password and sign-out are ours."""
    invitation = invitations.make("a new reader")
    be_told(alice)
    page = visit(viewport=viewport).page()
    sign_in(page, operator)
    for path in (
        "",
        "accounts/invitation/",
        "accounts/invitation/add/",
        f"accounts/invitation/{invitation.pk}/change/",
        "accounts/securityevent/",
        "accounts/user/",
        "axes/accessattempt/",
    ):
        page.goto(f"/admin/{path}")
        assert page.evaluate(STICKING_OUT) == []
    page.get_by_role("link", name="Password and keys").click()
    page.wait_for_url("**/settings/security/")
    page.goto("/admin/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")


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


def test_paper_shows_the_key_and_nothing_of_the_page_around(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    page = visit(viewport=DESK).page()
    sign_in(page, alice)
    for path, kept in (
        ("recovery-key", ".key-groups"),
        ("new-keys", ".key-groups"),
        ("backup-codes", ".codes"),
    ):
        page.goto(f"/settings/security/{path}/")
        page.emulate_media(media="print")
        assert page.locator(kept).is_visible()
        assert page.locator(kept).evaluate("at => at.clientWidth") > DESK["width"] * 0.9
        assert page.locator(".only-print").first.is_visible()
        for away in (".settings-nav", ".header", "main form", ".page-sub", ".actions"):
            assert not any(one.is_visible() for one in page.locator(away).all()), away
        page.emulate_media(media="screen")


@pytest.mark.slow
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

UNTOLD = """() => {
  const wrong = [];
  const tell = (what, element) => wrong.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) wrong.push(`twice: #${id}`);
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      const refers = element.getAttribute(name).split(" ").filter(Boolean);
      if (refers.some((id) => !document.getElementById(id))) tell(name, element);
    }
  }
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  for (const field of shown("input:not([type=hidden], [type=submit]), select, textarea")) {
    if (!field.labels?.length && !field.ariaLabel) tell("no label", field);
  }
  for (const control of shown("a[href], button, summary, nav, [role=img], iframe, progress")) {
    const by = document.getElementById(control.getAttribute("aria-labelledby"))?.textContent;
    const own = control.matches("nav") ? "" : control.textContent;
    if (!(control.ariaLabel || by || control.title || own).trim()) tell("no name", control);
  }
  if (shown("main h1").length !== 1) wrong.push(`${shown("main h1").length} h1`);
  const main = shown("main :is(h1, h2, h3, h4)").map((heading) => Number(heading.tagName[1]));
  if (main.some((level, at) => level > (main[at - 1] ?? 0) + 1)) wrong.push(`levels: ${main}`);
  if (!document.documentElement.lang || !document.title) wrong.push("no language or title");
  return wrong;
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
