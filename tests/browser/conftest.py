"""Real pages in Debian's Chromium, on gunicorn and a worker of their own."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, sync_playwright

from tests.browser.canary import Canary
from tests.browser.house import House
from tests.browser.visitor import Visitor
from tests.servers.dovecot import Dovecot

ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # Else Chromium itself keeps pages from servers on loopback, and the canary could never sing.
    "--disable-features=LocalNetworkAccessChecks",
]


@pytest.fixture(scope="package")
def house(
    django_db_setup: None, dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The product, up; mail accounts may be on the Dovecot of the tests."""
    with House(tmp_path_factory.mktemp("house"), [dovecot.port, dovecot.tls_port]) as house:
        yield house


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser."""
    path = shutil.which("chromium")
    if path is None:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say("Chromium is missing: apt-get install chromium")
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop on this thread, which Django would take for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def forget_limits() -> None:
    """The house counts who asks how often; all tests come from one IP address, within minutes."""
    counts = cache._cache.get_client(write=True)  # type: ignore[attr-defined]
    for key in counts.scan_iter("mailhelper:*:rl:*"):
        counts.delete(key)


@pytest.fixture
def visit(chromium: Browser, house: House, transactional_db: None) -> Iterator[Callable[..., Visitor]]:
    """visit(java_script_enabled=False, viewport=…): a new profile. In the end none may have had trouble."""
    visitors: list[Visitor] = []
    forget_limits()

    def enter(**options: object) -> Visitor:
        visitors.append(Visitor(chromium, house.url, **options))
        return visitors[-1]

    yield enter
    house.go_on()
    for visitor in visitors:
        visitor.close()
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    assert not troubles


@pytest.fixture
def canary() -> Iterator[Canary]:
    with Canary() as canary:
        yield canary
