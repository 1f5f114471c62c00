"""Background sync: what is lent, for how long, and how it ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import grants
from accounts.models import Grant, ReaderSession, SecurityEvent
from tests.conftest import Reader, sign_in

BACKGROUND, LIST, PAGE = "/accounts/background/", "/accounts/", "/settings/background/"


def terms(reader: Reader) -> list[str]:
    return [grant.until for grant in grants.live(reader.pk)]


def test_signed_in_the_key_is_lent_until_the_reader_leaves(alice: Reader, alice_client: Client) -> None:
    alice_client.get(LIST)
    assert terms(alice) == ["signed-out"]


@pytest.mark.parametrize("until", ["signed-out", "first-sync", "week", "month", "revoked"])
def test_the_choice_replaces_what_was_lent(
    alice: Reader, alice_client: Client, make_account: Any, until: str
) -> None:
    make_account(alice)
    response = alice_client.post(BACKGROUND, {"until": until})
    assert response.headers["Location"] == PAGE
    assert terms(alice) == [until]
    assert grants.borrow(alice.pk).owner == alice.pk


def test_until_the_first_sync_is_twelve_hours_at_most(
    alice: Reader, alice_client: Client, make_account: Any
) -> None:
    make_account(alice)
    alice_client.post(BACKGROUND, {"until": "first-sync"})
    expires = Grant.objects.for_user(alice.user).get().expires_at
    assert expires is not None
    assert 11 < (expires - timezone.now()).total_seconds() / 3600 <= 12


@pytest.mark.parametrize("until", ["", "for-ever", "week'"])
def test_what_is_not_offered_changes_nothing(alice: Reader, alice_client: Client, until: str) -> None:
    alice_client.post(BACKGROUND, {"until": "revoked"})
    alice_client.post(BACKGROUND, {"until": until})
    assert terms(alice) == ["revoked"]


def test_stop_now_takes_back_every_key_and_ends_other_sessions(alice: Reader, alice_client: Client) -> None:
    other = sign_in(alice)
    alice_client.post(BACKGROUND, {"until": "revoked"})
    alice_client.post(BACKGROUND, {"stop": "1"})
    assert terms(alice) == []
    with pytest.raises(grants.NoGrant):
        grants.borrow(alice.pk)
    assert ReaderSession.objects.for_user(alice.user).count() == 1
    assert other.get(LIST).headers["Location"].startswith("/sign-in/")
    assert alice_client.get(LIST).status_code == 200
    kinds = SecurityEvent.objects.for_user(alice.user).values_list("kind", flat=True)
    assert SecurityEvent.Kind.GRANT_ENDED in kinds


def test_after_stop_now_nothing_is_lent_until_the_reader_chooses(alice: Reader, alice_client: Client) -> None:
    alice_client.post(BACKGROUND, {"stop": "1"})
    long_ago = timezone.now() - timedelta(minutes=5)
    ReaderSession.objects.for_user(alice.user).update(acted_at=long_ago)
    alice_client.get(LIST)
    assert terms(alice) == []
    alice_client.post(BACKGROUND, {"until": "signed-out"})
    assert terms(alice) == ["signed-out"]


def test_stop_now_leaves_others_alone(alice: Reader, bob: Reader, alice_client: Client) -> None:
    browser = sign_in(bob)
    alice_client.post(BACKGROUND, {"stop": "1"})
    assert browser.get(LIST).status_code == 200
    assert terms(bob) == ["signed-out"]


def test_a_visitor_chooses_nothing(visitor: Client, db: None) -> None:
    assert visitor.post(BACKGROUND, {"until": "revoked"}).headers["Location"] == "/sign-in/"


def test_a_locked_reader_chooses_nothing(alice: Reader, alice_client: Client) -> None:
    alice_client.post("/lock/")
    assert alice_client.post(BACKGROUND, {"until": "revoked"}).headers["Location"] == "/locked/"
    assert terms(alice) == []


def test_it_rejects_get(alice_client: Client) -> None:
    assert alice_client.get(BACKGROUND).status_code == 405
