"""Continue with Google, as a person does it: there, no, there again, yes, and the first mail is here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import MailAccount
from tests.browser.house import House
from tests.browser.visitor import Visitor, sign_in
from tests.conftest import Reader
from tests.mail.mailboxes import letter
from tests.servers.certificates import Authority
from tests.servers.dovecot import Dovecot, Options
from tests.servers.fixtures import require_dovecot, server_context
from tests.servers.identity import IdentityProvider

pytestmark = [pytest.mark.browser, pytest.mark.dovecot]


@dataclass
class Town:
    """The product, the provider and its mail server."""

    house: House
    provider: IdentityProvider
    post: Dovecot


@pytest.fixture(scope="module")
def town(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    require_dovecot()
    folder = tmp_path_factory.mktemp("town")
    authority = Authority(folder)
    with IdentityProvider(server_context(authority.issue())) as provider:
        options = Options(
            identity=authority.issue(),
            introspection=f"https://127.0.0.1:{provider.port}/introspect",
            introspection_authority=authority.path,
        )
        with Dovecot({"alice@example.org": "secret"}, options) as post:
            # The provider answers at both addresses of this machine's name.
            more = {
                "SSL_CERT_FILE": str(authority.path),
                "BROWSER_PROVIDER": f"{provider.url} {post.tls_port}",
                "ALLOWED_MAIL_NETWORKS": ",".join(
                    f"{host}:{port}"
                    for host in ("127.0.0.1/32", "[::1]")
                    for port in (provider.port, post.tls_port)
                ),
            }
            with House(tmp_path_factory.mktemp("house"), [], **more) as house:
                provider.redirect_base = house.url
                yield Town(house, provider, post)


@pytest.fixture
def visitor(chromium: Browser, town: Town, transactional_db: None, request: Any) -> Iterator[Visitor]:
    """With scripts and without. Nothing may go wrong, and no request may go elsewhere but to the provider."""
    visitor = Visitor(chromium, town.house.url, ignore_https_errors=True, java_script_enabled=request.param)
    yield visitor
    visitor.close()
    elsewhere = f"request: {town.provider.url}/"
    assert [trouble for trouble in visitor.troubles if not trouble.startswith(elsewhere)] == []


def go_there(page: Page, town: Town) -> None:
    page.goto("/accounts/add/")
    page.get_by_role("button", name="Continue with Google").click()
    page.wait_for_url(f"{town.provider.url}/authorize?**")


@pytest.mark.parametrize("visitor", [True, False], indirect=True, ids=["script", "no script"])
def test_from_the_button_to_the_first_mail(visitor: Visitor, town: Town, alice: Reader) -> None:
    with town.post.mailbox("alice@example.org") as box:
        box.append([letter(1)])
    page = visitor.page()
    sign_in(page, alice)
    go_there(page, town)
    page.get_by_role("button", name="Deny").click()
    page.wait_for_url("**/accounts/")
    expect(page.get_by_text("You did not allow it at Google. Nothing was changed.")).to_be_visible()
    assert not MailAccount.objects.for_user(alice.user).exists()
    go_there(page, town)
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/accounts/")
    assert "code" not in page.url
    expect(page.get_by_text("The account was added. Google lets us in")).to_be_visible()
    wait_for_mail(page)
    assert MailAccount.objects.for_user(alice.user).get().error == ""
    codes = [fields["code"] for fields in town.provider.posts("/token") if "code" in fields]
    told = town.house.log("web") + town.house.log("worker")
    assert codes
    assert not [code for code in [*codes, *town.provider.access, "state="] if code in told]


def wait_for_mail(page: Page) -> None:
    for _ in range(60):
        page.goto("/inbox/")
        if page.get_by_text("Letter 1").count():
            return
        page.wait_for_timeout(500)
    pytest.fail("no mail came")
