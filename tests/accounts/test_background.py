"""Background sync: what is lent, for how long, and how it ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import backgroundsync, grants, housekeeping
from accounts.models import Grant, MailAccount, ReaderSession, SecurityEvent
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


def shown(client: Client, page: str = PAGE) -> str:
    response = client.get(page)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def ends_in(reader: Reader, **span: float) -> None:
    """Move the end of what is lent. It does not open then: for pages only."""
    Grant.objects.for_user(reader.user).update(expires_at=timezone.now() + timedelta(**span))


def test_the_page_offers_what_the_design_names(alice: Reader, alice_client: Client) -> None:
    values = [choice.value for choice in alice_client.get(PAGE).context["choices"]]
    assert values == ["signed-out", "week", "month", "revoked"]
    text = shown(alice_client)
    for words in ("use your mail password", "folder and tag names", "open the mail that is stored here"):
        assert words in text
    assert "or 30 minutes after your last act" in text


def test_the_first_sync_is_offered_where_one_waits(
    alice: Reader, alice_client: Client, make_account: Any
) -> None:
    account = make_account(alice)
    assert "first-sync" in [choice.value for choice in alice_client.get(PAGE).context["choices"]]
    MailAccount.objects.for_user(alice.user).filter(pk=account.pk).update(first_synced_at=timezone.now())
    assert "first-sync" not in [choice.value for choice in alice_client.get(PAGE).context["choices"]]


@pytest.mark.parametrize(
    "columns", [{"first_synced_at": timezone.now()}, {"state": "paused"}, {"state": "attention"}]
)
def test_a_first_sync_that_nothing_waits_for_cannot_be_chosen(
    alice: Reader, alice_client: Client, make_account: Any, columns: dict[str, Any]
) -> None:
    make_account(alice)
    MailAccount.objects.for_user(alice.user).update(**columns)
    alice_client.post(BACKGROUND, {"until": "month"})
    response = alice_client.post(BACKGROUND, {"until": "first-sync"}, follow=True)
    assert "no account waits for its first sync" in response.content.decode()
    assert terms(alice) == ["month"]


def test_a_grant_for_a_first_sync_ends_within_a_minute_of_its_reason(
    alice: Reader, bob: Reader, alice_client: Client, make_account: Any
) -> None:
    account = make_account(alice)
    make_account(bob)
    grants.give(bob.vault, Grant.Until.FIRST_SYNC)
    alice_client.post(BACKGROUND, {"until": "first-sync"})
    housekeeping.drop_ended_grants()
    assert terms(alice) == ["first-sync"]
    MailAccount.objects.for_user(alice.user).filter(pk=account.pk).delete()
    assert housekeeping.drop_ended_grants() == 1
    assert terms(alice) == []
    assert terms(bob) == ["first-sync"]


@pytest.mark.parametrize(("until", "days"), [("week", 7), ("month", 30)])
def test_days_are_counted_from_the_choice(alice: Reader, alice_client: Client, until: str, days: int) -> None:
    alice_client.post(BACKGROUND, {"until": until})
    expires = Grant.objects.for_user(alice.user).get().expires_at
    assert expires is not None
    assert timedelta(days=days, minutes=-1) < expires - timezone.now() <= timedelta(days=days)


def test_what_is_lent_is_shown_with_start_end_and_last_use(alice: Reader, alice_client: Client) -> None:
    alice_client.post(BACKGROUND, {"until": "revoked"})
    lent = alice_client.get(PAGE).context["lent"]
    assert [(grant.text, grant.ends, grant.used) for grant in lent] == [("Until I revoke it", "", "")]
    assert lent[0].since.startswith("today, ")
    assert "when you stop it" in shown(alice_client)
    grants.borrow(alice.pk)
    assert alice_client.get(PAGE).context["lent"][0].used == "just now"


def test_what_this_session_lends_says_so(alice: Reader, alice_client: Client) -> None:
    alice_client.post(BACKGROUND, {"until": "signed-out"})
    assert [grant.here for grant in alice_client.get(PAGE).context["lent"]] == [True]
    assert [grant.here for grant in sign_in(alice).get(PAGE).context["lent"]] == [False]


def test_nothing_lent_is_told(alice: Reader, alice_client: Client) -> None:
    alice_client.post(BACKGROUND, {"stop": "1"})
    text = shown(alice_client)
    assert "No key is lent: no mail is fetched." in text
    assert "Stop now" not in text


SOON = "Background sync ends on "


def test_the_end_is_told_three_days_before_on_every_page(
    alice: Reader, alice_client: Client, make_account: Any
) -> None:
    alice_client.post(BACKGROUND, {"until": "month"})
    ends_in(alice, days=3, minutes=5)
    assert SOON not in shown(alice_client, "/inbox/")
    ends_in(alice, days=2, hours=23)
    soon = backgroundsync.ends_soon(alice.pk)
    assert soon is not None
    for page in ("/inbox/", "/", "/settings/activity/"):
        assert f"{SOON}{soon.when}." in shown(alice_client, page)
    ends = timezone.now() + timedelta(days=2, hours=23)
    assert f"{ends:%A}, " in soon.when
    make_account(alice)
    assert f"Ends on {soon.when}." in shown(alice_client, LIST)


@pytest.mark.parametrize("until", ["revoked", "signed-out"])
def test_what_has_no_day_of_its_own_is_not_told(alice: Reader, alice_client: Client, until: str) -> None:
    alice_client.post(BACKGROUND, {"until": until})
    assert SOON not in shown(alice_client, "/inbox/")


def test_extended_it_is_told_no_more(alice: Reader, alice_client: Client) -> None:
    alice_client.post(BACKGROUND, {"until": "week"})
    ends_in(alice, days=1)
    assert SOON in shown(alice_client, "/inbox/")
    alice_client.post(BACKGROUND, {"until": "week"})
    assert SOON not in shown(alice_client, "/inbox/")


def test_dismissed_it_is_told_again_in_the_next_session(alice: Reader, alice_client: Client) -> None:
    alice_client.post(BACKGROUND, {"until": "week"})
    ends_in(alice, days=1)
    response = alice_client.post("/settings/background/later/", {"next": "/inbox/"})
    assert response.headers["Location"] == "/inbox/"
    assert SOON not in shown(alice_client, "/inbox/")
    assert SOON in shown(sign_in(alice), "/inbox/")


def test_after_the_keys_changed_the_choice_is_offered_again(alice: Reader, alice_client: Client) -> None:
    assert "All lent keys have ended." in shown(alice_client, f"{PAGE}?again=1")
    assert "All lent keys have ended." not in shown(alice_client)


def test_the_card_of_the_accounts_leads_to_the_page(
    alice: Reader, alice_client: Client, make_account: Any
) -> None:
    make_account(alice)
    alice_client.post(BACKGROUND, {"until": "week"})
    text = shown(alice_client, LIST)
    assert f'href="{PAGE}"' in text.partition('id="background-title"')[2]
    assert "For 7 days" in text


def test_settings_are_in_the_menu_and_in_the_rail(alice_client: Client) -> None:
    assert shown(alice_client, "/inbox/").count('href="/settings/security/"') == 2
