"""A browser that notes what goes wrong in it, and the steps that readers take."""

import base64
from collections.abc import Callable
from urllib.parse import urlsplit

from django.urls import reverse
from django_otp.oath import totp
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from accounts import invitations
from accounts.models import Authenticator
from tests.conftest import PASSWORD, Reader

NEW_PASSWORD = "four random words, well kept"
#: What Chromium tells of each answer that is no 2xx: ours are meant.
STATUS = "Failed to load resource: the server responded with a status of"


class Visitor:
    """One browser profile. `troubles` are script errors, refusals of the policy, requests to elsewhere."""

    def __init__(self, browser: Browser, url: str, **options: object) -> None:
        self.url = url
        self.troubles: list[str] = []
        self.context: BrowserContext = browser.new_context(base_url=url, **options)  # type: ignore[arg-type]
        self.context.set_default_timeout(15_000)
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self.troubles.append(f"error: {error.error}"))
        self.context.on("request", self._follow)

    def page(self, path: str = "") -> Page:
        """A new tab, at a path if one is given."""
        page = self.context.new_page()
        if path:
            page.goto(path)
        return page

    def close(self) -> None:
        """End the profile, once nothing is under way: the database is emptied next."""
        for page in self.context.pages:
            page.wait_for_load_state("networkidle")
        self.context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(STATUS):
            self.troubles.append(f"{message.type}: {message.text}")

    def _follow(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:", "about:", "blob:")):
            self.troubles.append(f"request: {request.url}")


def is_the_matrix(url: str) -> bool:
    """The page after sign-in. (The glob "**/" would take every page for it.)"""
    return urlsplit(url).path == "/"


def sign_in(page: Page, reader: Reader) -> None:
    """Password and code, in the form."""
    page.goto("/sign-in/")
    give_password(page, reader)
    page.get_by_label("Code", exact=True).fill(code_of(reader))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(is_the_matrix)


def give_password(page: Page, reader: Reader) -> None:
    """The first factor."""
    page.get_by_label("User name").fill(reader.user.username)
    page.get_by_label("Password").fill(reader.password)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/sign-in/code/**")


def code_of(reader: Reader) -> str:
    """The present code; one that was used in this test is good again."""
    Authenticator.objects.filter(pk=reader.device.pk).update(last_t=-1, throttling_failure_count=0)
    return f"{totp(reader.device.key):06d}"


def lock(page: Page) -> None:
    """Lock now."""
    page.get_by_role("button", name="Lock now").click()
    page.wait_for_url("**/locked/")


def unlock(page: Page, password: str = PASSWORD) -> None:
    """The password, on the locked page."""
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Unlock").click()


def invitation() -> str:
    """The path of a new invitation's link."""
    return reverse("accounts:sign_up", args=[invitations.token_of(invitations.make("a new reader"))])


def sign_up(page: Page, name: str, at_step: Callable[[int], object] = lambda step: None) -> None:
    """The four steps; `at_step(1)` to `at_step(4)` look at each page before it is filled in."""
    page.goto(invitation())
    at_step(1)
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Password again").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/sign-up/authenticator/")
    at_step(2)
    page.get_by_label("Code", exact=True).fill(f"{totp(base64.b32decode(typed_key(page))):06d}")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/sign-up/codes/")
    at_step(3)
    page.get_by_role("button", name="I have kept them").click()
    page.wait_for_url("**/sign-up/key/")
    at_step(4)
    confirm_key(page)
    page.wait_for_url("**/accounts/")


def typed_key(page: Page) -> str:
    """The authenticator's key as the page gives it to be typed."""
    return "".join(page.locator(".secret span").all_inner_texts())


def confirm_key(page: Page) -> None:
    """Type the two groups of the recovery key that are asked for, and finish."""
    type_groups(page)
    page.get_by_role("button", name="Finish").click()


def type_groups(page: Page) -> None:
    """The two groups of the shown recovery key that are asked for."""
    groups = page.locator(".key-groups code").all_inner_texts()
    for field in page.locator(".key-input").all():
        number = int(field.locator("label").inner_text().split()[-1])
        field.locator("input").fill(groups[number - 1].lower())


def enter_by_hand(page: Page, address: str) -> None:
    """From the page that asks for the mail address to the empty form, without looking for servers."""
    page.goto("/accounts/add/")
    page.get_by_label("Mail address").fill(address)
    page.get_by_role("button", name="Enter the servers by hand").click()
    page.wait_for_url("**/accounts/find/")
