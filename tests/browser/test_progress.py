"""Progress of a sync, live on a page that stands open."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts import grants
from accounts.models import Grant
from mail.models import SyncRun
from tests.browser.visitor import Visitor, sign_in
from tests.conftest import Reader
from tests.mail.factories import make_account

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_counts_move_without_a_reload_and_the_end_is_told(
    visit: Callable[..., Visitor], alice: Reader
) -> None:
    box = make_account(alice, next_sync_at=timezone.now() + timedelta(hours=1))
    grants.give(alice.vault, Grant.Until.REVOKED)
    run = SyncRun.objects.for_user(alice.user).create(
        owner=alice.user, account=box.account, wanted=5000, stored=1200
    )
    mine = SyncRun.objects.for_user(alice.user).filter(pk=run.pk)
    mine.update(started_at=timezone.now() - timedelta(seconds=10))
    page = visit().page()
    sign_in(page, alice)
    strip = page.locator(".matrix-runs")
    expect(strip).to_contain_text("first sync")
    expect(strip).to_contain_text("1200 of 5000")
    page.goto("/accounts/")
    card = page.locator(".account")
    expect(card).to_contain_text("1200 of 5000")
    expect(card).to_contain_text("s left")
    assert card.locator("progress").get_attribute("value") == "1200"
    mine.update(stored=4800)
    expect(card).to_contain_text("4800 of 5000")
    mine.update(stored=5000, finished_at=timezone.now())
    expect(card).to_contain_text("Up to date")
    expect(card.locator("progress")).to_have_count(0)
