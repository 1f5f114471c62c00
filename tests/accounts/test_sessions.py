"""The page of sessions: what it shows, and that what is ended there is ended wholly."""

import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import ending, grants, unlocking
from accounts.models import Grant, ReaderSession, SecurityEvent
from accounts.ownership import acting_as
from tests.conftest import PASSWORD, Reader, sign_in

PAGE = "/settings/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def rows(reader: Reader) -> list[ReaderSession]:
    return list(ReaderSession.objects.for_user(reader.user).order_by("pk"))


def text_of(client: Client, page: str = PAGE) -> str:
    response = client.get(page)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def kinds(reader: Reader) -> list[str]:
    return list(SecurityEvent.objects.for_user(reader.user).values_list("kind", flat=True))


def lending(reader: Reader) -> Client:
    """A session in which an act has lent a key for its own time."""
    client = sign_in(reader)
    Grant.objects.for_user(reader.user).delete()
    long_ago = timezone.now() - timedelta(minutes=5)
    ReaderSession.objects.for_user(reader.user).update(acted_at=long_ago)
    client.get("/accounts/")
    return client


def test_each_session_is_shown_with_its_browser_and_this_one_is_marked(
    alice: Reader, alice_client: Client
) -> None:
    row = rows(alice)[0]
    noted = b'{"browser": "%s", "ip_address": "192.0.2.7"}' % FIREFOX.encode()
    row.device = alice.vault.seal_to_reader(row, "device", noted)
    row.save(update_fields=["device"])
    sign_in(alice)
    text = text_of(alice_client)
    assert text.count('class="card session"') == 2
    assert text.count("this one") == 1
    assert text.index("Firefox on Linux") < text.index("this one") < text.index("192.0.2.7")
    assert text.count("Sign out all others</button>") == 1


def test_a_session_whose_device_does_not_open_is_unknown(alice: Reader, alice_client: Client) -> None:
    sign_in(alice)
    one, other = rows(alice)
    ReaderSession.objects.for_user(alice.user).filter(pk=other.pk).update(device=one.device)
    text = text_of(alice_client)
    assert text.count("Unknown browser") >= 1
    assert "<dd>unknown</dd>" in text


@pytest.mark.parametrize("browser", ["<b>bold</b>", "\u202eevil"])
def test_what_a_browser_calls_itself_is_text(alice: Reader, browser: str) -> None:
    client = sign_in(alice)
    row = rows(alice)[0]
    noted = f'{{"browser": "{browser}", "ip_address": "192.0.2.7"}}'.encode()
    row.device = alice.vault.seal_to_reader(row, "device", noted)
    row.save(update_fields=["device"])
    text = text_of(client)
    assert browser not in text
    assert "bold" in text or "evil" in text


def test_locked_and_open_sessions_are_told_apart(alice: Reader, alice_client: Client) -> None:
    by_hand, by_time = sign_in(alice), sign_in(alice)
    by_hand.post("/lock/")
    late = ReaderSession.objects.for_user(alice.user).filter(session_id=by_time.session.session_key)
    late.update(acted_at=timezone.now() - timedelta(minutes=31))
    text = text_of(alice_client)
    assert text.count(">locked</span>") == 2
    assert text.count(">open</span>") == 1


def test_a_session_past_its_expiry_is_not_shown(alice: Reader, alice_client: Client) -> None:
    other = sign_in(alice)
    Session.objects.filter(pk=other.session.session_key).update(expire_date=timezone.now())
    assert text_of(alice_client).count('class="card session"') == 1


def test_last_seen_is_stored_once_a_minute_at_most(alice: Reader, alice_client: Client) -> None:
    now = timezone.now()
    ReaderSession.objects.for_user(alice.user).update(
        acted_at=now - timedelta(seconds=45), last_seen=now - timedelta(seconds=45)
    )
    before = rows(alice)[0]
    alice_client.get(PAGE)
    after = rows(alice)[0]
    assert after.acted_at > before.acted_at
    assert after.last_seen == before.last_seen
    ReaderSession.objects.for_user(alice.user).update(
        acted_at=now - timedelta(seconds=61), last_seen=now - timedelta(seconds=61)
    )
    alice_client.get(PAGE)
    assert rows(alice)[0].last_seen > now - timedelta(seconds=1)


def test_one_other_session_is_signed_out(alice: Reader, alice_client: Client) -> None:
    other, third = sign_in(alice), sign_in(alice)
    pk = rows(alice)[1].pk
    assert alice_client.post(f"{PAGE}{pk}/end/").headers["Location"] == PAGE
    assert other.get("/accounts/").headers["Location"].startswith("/sign-in/")
    assert third.get("/accounts/").status_code == 200
    assert alice_client.get("/accounts/").status_code == 200
    assert kinds(alice).count(SecurityEvent.Kind.SESSION_ENDED) == 1
    assert not Session.objects.filter(pk=other.session.session_key or "-").exists()


def test_the_session_one_is_in_is_not_ended_there(alice: Reader, alice_client: Client) -> None:
    alice_client.post(f"{PAGE}{rows(alice)[0].pk}/end/")
    assert alice_client.get("/accounts/").status_code == 200
    assert SecurityEvent.Kind.SESSION_ENDED not in kinds(alice)


def test_a_session_of_somebody_else_is_not_there(alice: Reader, bob: Reader, alice_client: Client) -> None:
    browser = sign_in(bob)
    assert alice_client.post(f"{PAGE}{rows(bob)[0].pk}/end/").status_code == 404
    assert browser.get("/accounts/").status_code == 200


def test_all_others_are_signed_out(alice: Reader, bob: Reader, alice_client: Client) -> None:
    others = [sign_in(alice), sign_in(alice)]
    browser = sign_in(bob)
    response = alice_client.post(f"{PAGE}end-others/", follow=True)
    assert "2 other sessions were signed out" in response.content.decode()
    assert all(other.get("/accounts/").headers["Location"].startswith("/sign-in/") for other in others)
    assert browser.get("/accounts/").status_code == 200
    assert kinds(alice).count(SecurityEvent.Kind.SESSION_ENDED) == 1
    assert "You are signed in nowhere else." in text_of(alice_client)


def test_with_no_other_session_nothing_is_noted(alice: Reader, alice_client: Client) -> None:
    alice_client.post(f"{PAGE}end-others/")
    assert SecurityEvent.Kind.SESSION_ENDED not in kinds(alice)


def test_an_ended_session_leaves_no_grant(alice: Reader) -> None:
    other = lending(alice)
    assert Grant.objects.for_user(alice.user).get().session == rows(alice)[0]
    here = sign_in(alice)
    here.post(f"{PAGE}{rows(alice)[0].pk}/end/")
    assert (
        not Grant.objects.for_user(alice.user).filter(session__session_id=other.session.session_key).exists()
    )
    with acting_as(alice.user):
        assert all(grant.session == rows(alice)[-1] for grant in grants.live(alice.pk))


def test_signing_out_leaves_no_grant_of_the_session(alice: Reader) -> None:
    client = lending(alice)
    assert Grant.objects.for_user(alice.user).exists()
    client.post("/sign-out/")
    assert not Grant.objects.for_user(alice.user).exists()


def test_ending_all_others_leaves_what_the_reader_chose(alice: Reader, alice_client: Client) -> None:
    alice_client.post("/accounts/background/", {"until": "week"})
    sign_in(alice)
    alice_client.post(f"{PAGE}end-others/")
    assert Grant.objects.for_user(alice.user).get().until == Grant.Until.WEEK


def test_ending_everywhere_keeps_no_session(alice: Reader, bob: Reader) -> None:
    sign_in(alice)
    lending(alice)
    sign_in(bob)
    assert ending.end_other_sessions(alice.pk, None) == 2
    assert rows(alice) == []
    assert not Grant.objects.for_user(alice.user).exists()
    assert len(rows(bob)) == 1


@pytest.mark.django_db(transaction=True)
def test_an_act_under_way_in_an_ended_session_lends_nothing(alice: Reader) -> None:
    """The act holds its session's row when the end comes: the end waits, and takes what was lent."""
    client, here = lending(alice), sign_in(alice)
    Grant.objects.for_user(alice.user).delete()
    row = ReaderSession.objects.for_user(alice.user).get(session_id=client.session.session_key)
    ends = threading.Thread(target=_end, args=(alice.pk, row.pk))
    with acting_as(alice.user):
        unlocking.hold(row)
        ends.start()
        grants.give(alice.vault, Grant.Until.SIGNED_OUT, row)
        ends.join(0.5)
        assert ends.is_alive()
    ends.join(10)
    assert not ends.is_alive()
    assert not Grant.objects.for_user(alice.user).exists()
    assert here.get("/accounts/").status_code == 200


def _end(owner: int, pk: int) -> None:
    try:
        ending.end_session(owner, pk)
    finally:
        connection.close()


def test_whoever_was_ended_signs_in_again(alice: Reader, alice_client: Client) -> None:
    other = sign_in(alice)
    alice_client.post(f"{PAGE}end-others/")
    response = other.post("/locked/", {"password": PASSWORD})
    assert response.headers["Location"].startswith("/sign-in/")


def test_a_page_asks_for_the_lock_without_an_act(alice: Reader, alice_client: Client) -> None:
    ReaderSession.objects.for_user(alice.user).update(acted_at=timezone.now() - timedelta(minutes=20))
    before = rows(alice)[0].acted_at
    state = alice_client.get("/lock/state/").json()
    assert rows(alice)[0].acted_at == before
    assert state["open"] is True
    assert state["reader"] == alice.pk
    assert 595 <= state["idle"] <= 600
    assert state["idle"] < state["ends"] <= 8 * 3600
    assert "no-store" in alice_client.get("/lock/state/").headers["Cache-Control"]


def test_to_stay_is_an_act(alice: Reader, alice_client: Client) -> None:
    ReaderSession.objects.for_user(alice.user).update(acted_at=timezone.now() - timedelta(minutes=28))
    assert alice_client.post("/lock/stay/").json()["idle"] >= 1795
    assert alice_client.get("/lock/stay/").status_code == 405


def test_a_locked_vault_says_so_and_nothing_can_stay(alice: Reader, alice_client: Client) -> None:
    alice_client.post("/lock/")
    state = alice_client.get("/lock/state/").json()
    assert state["open"] is False
    assert set(state) == {"reader", "token", "open"}
    assert alice_client.post("/lock/stay/").headers["Location"] == "/locked/"


def test_the_eighth_hour_ends_whatever_is_done(alice: Reader, alice_client: Client) -> None:
    ReaderSession.objects.for_user(alice.user).update(
        unlocked_at=timezone.now() - timedelta(hours=7, minutes=55)
    )
    state = alice_client.post("/lock/stay/").json()
    assert state["idle"] == state["ends"] <= 300


def test_every_page_tells_when_it_locks(alice: Reader, alice_client: Client) -> None:
    ReaderSession.objects.for_user(alice.user).update(unlocked_at=timezone.now() - timedelta(hours=7))
    ends = rows(alice)[0].unlocked_at + timedelta(hours=8)
    text = text_of(alice_client, "/inbox/")
    assert f"<span data-ends-at>{ends:%H:%M}</span>, whatever you do." in text
