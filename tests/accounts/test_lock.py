"""The lock: by hand, by the clock, by a half that is missing; and the password that opens again."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import backupcodes, housekeeping, unlocking
from accounts.models import Grant, ReaderSession, SecurityEvent
from tests.conftest import PASSWORD, Reader, sign_in

LOCKED = "/locked/"


def session_of(reader: Reader) -> ReaderSession:
    return ReaderSession.objects.for_user(reader.user).get()


def move(reader: Reader, **back: timedelta) -> None:
    """Make the session older: `acted_at=timedelta(minutes=31)`."""
    row = session_of(reader)
    values = {name: getattr(row, name) - by for name, by in back.items()}
    ReaderSession.objects.for_user(reader.user).update(**values)


def kinds(reader: Reader) -> list[str]:
    return list(SecurityEvent.objects.for_user(reader.user).order_by("pk").values_list("kind", flat=True))


def test_lock_now_shuts_the_vault_at_once(alice: Reader, alice_client: Client) -> None:
    response = alice_client.post("/lock/")
    assert response.headers["Location"] == LOCKED
    assert response.cookies[unlocking.COOKIE]["max-age"] == 0
    assert alice_client.get("/accounts/").headers["Location"] == "/locked/?next=%2Faccounts%2F"
    assert not Grant.objects.for_user(alice.user).exists()
    assert "half" not in alice_client.session
    assert kinds(alice) == [SecurityEvent.Kind.LOCKED]


def test_a_second_lock_changes_nothing(alice: Reader, alice_client: Client) -> None:
    alice_client.post("/lock/")
    alice_client.post("/lock/")
    assert kinds(alice) == [SecurityEvent.Kind.LOCKED]


def test_the_old_half_opens_nothing_after_the_lock(alice: Reader, alice_client: Client) -> None:
    half = alice_client.cookies[unlocking.COOKIE].value
    alice_client.post("/lock/")
    alice_client.cookies[unlocking.COOKIE] = half
    assert alice_client.get("/accounts/").status_code == 302


def test_the_password_alone_opens_again(alice: Reader, alice_client: Client) -> None:
    alice_client.post("/lock/")
    assert alice_client.get(LOCKED).status_code == 200
    response = alice_client.post(LOCKED, {"password": PASSWORD, "next": "/inbox/"})
    assert response.headers["Location"] == "/inbox/"
    assert alice_client.get("/accounts/").status_code == 200
    assert kinds(alice) == [SecurityEvent.Kind.LOCKED, SecurityEvent.Kind.UNLOCKED]


def test_a_wrong_password_leaves_it_shut(alice: Reader, alice_client: Client) -> None:
    alice_client.post("/lock/")
    response = alice_client.post(LOCKED, {"password": "not the right one"})
    assert response.status_code == 422
    assert "not right" in response.content.decode()
    assert alice_client.get("/accounts/").status_code == 302
    assert kinds(alice)[-1] == SecurityEvent.Kind.SIGN_IN_FAILED


def test_the_locked_page_names_nobody_and_is_kept_nowhere(alice_client: Client) -> None:
    alice_client.post("/lock/")
    response = alice_client.get(LOCKED)
    assert "alice" not in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]


def test_an_open_vault_has_no_locked_page(alice_client: Client) -> None:
    assert alice_client.get(LOCKED, {"next": "/inbox/"}).headers["Location"] == "/inbox/"


def test_a_visitor_has_no_locked_page(visitor: Client, db: None) -> None:
    assert visitor.get(LOCKED).headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    "back",
    [
        {"acted_at": timedelta(minutes=30)},
        {"unlocked_at": timedelta(hours=8)},
    ],
)
def test_the_clock_locks(alice: Reader, alice_client: Client, back: dict[str, timedelta]) -> None:
    move(alice, **back)
    assert alice_client.get("/accounts/").headers["Location"].startswith(LOCKED)
    assert housekeeping.lock_idle_vaults() == 1
    assert session_of(alice).locked_at is not None
    assert "half" not in alice_client.session


@pytest.mark.parametrize(
    "back",
    [
        {"acted_at": timedelta(minutes=29)},
        {"unlocked_at": timedelta(hours=7, minutes=59)},
    ],
)
def test_the_clock_does_not_lock_too_early(
    alice: Reader, alice_client: Client, back: dict[str, timedelta]
) -> None:
    move(alice, **back)
    assert alice_client.get("/accounts/").status_code == 200
    assert housekeeping.lock_idle_vaults() == 0


def test_an_act_that_the_lock_overtook_lends_nothing(alice: Reader, alice_client: Client) -> None:
    move(alice, acted_at=timedelta(minutes=5))
    read_before = session_of(alice)
    unlocking.lock(session_of(alice))
    unlocking.act(read_before, alice.vault)
    assert not Grant.objects.for_user(alice.user).exists()
    assert session_of(alice).acted_at == read_before.acted_at


def test_an_act_that_stop_now_overtook_lends_nothing(alice: Reader, alice_client: Client) -> None:
    move(alice, acted_at=timedelta(minutes=5))
    read_before = session_of(alice)
    alice_client.post("/accounts/background/", {"stop": "1"})
    move(alice, acted_at=timedelta(minutes=5))
    unlocking.act(read_before, alice.vault)
    assert not Grant.objects.for_user(alice.user).exists()


def test_locking_what_was_signed_out_makes_no_new_session(alice: Reader, alice_client: Client) -> None:
    read_before = session_of(alice)
    alice_client.post("/sign-out/")
    before = Session.objects.count()
    unlocking.lock(read_before)
    assert Session.objects.count() == before


def test_whoever_comes_back_before_housekeeping_stays_in(alice: Reader, alice_client: Client) -> None:
    assert not housekeeping._lock(alice.pk, session_of(alice).pk)
    assert session_of(alice).locked_at is None


def test_an_act_moves_the_idle_clock_and_not_the_other(alice: Reader, alice_client: Client) -> None:
    move(alice, acted_at=timedelta(minutes=20), unlocked_at=timedelta(hours=1))
    before = session_of(alice)
    alice_client.get("/accounts/")
    after = session_of(alice)
    assert after.acted_at > before.acted_at + timedelta(minutes=19)
    assert after.unlocked_at == before.unlocked_at


def test_polling_is_no_act(alice: Reader, alice_client: Client, make_account: Any) -> None:
    account = make_account(alice)
    move(alice, acted_at=timedelta(minutes=20))
    before = session_of(alice)
    assert alice_client.get(f"/accounts/{account.pk}/progress/").status_code in (200, 286)
    assert session_of(alice).acted_at == before.acted_at


def test_without_the_cookies_half_the_vault_is_locked(alice: Reader, alice_client: Client) -> None:
    del alice_client.cookies[unlocking.COOKIE]
    assert alice_client.get("/accounts/").headers["Location"].startswith(LOCKED)


def test_a_half_of_another_session_does_not_fit(alice: Reader, alice_client: Client) -> None:
    other = sign_in(alice)
    alice_client.cookies[unlocking.COOKIE] = other.cookies[unlocking.COOKIE].value
    assert alice_client.get("/accounts/").headers["Location"].startswith(LOCKED)
    assert other.get("/accounts/").status_code == 200


@pytest.mark.parametrize("half", ["", "x", "AAAA", "A" * 43 + "=", "Ä", "=" * 44])
def test_nonsense_in_the_cookie_is_a_locked_vault(alice_client: Client, half: str) -> None:
    alice_client.cookies[unlocking.COOKIE] = half
    assert alice_client.get("/accounts/").headers["Location"].startswith(LOCKED)


def test_unlocking_makes_new_halves(alice: Reader, alice_client: Client) -> None:
    before = alice_client.cookies[unlocking.COOKIE].value
    alice_client.post("/lock/")
    alice_client.post(LOCKED, {"password": PASSWORD})
    assert alice_client.cookies[unlocking.COOKIE].value not in ("", before)
    assert session_of(alice).unlocked_at > timezone.now() - timedelta(minutes=1)


def test_a_part_of_a_page_takes_the_whole_page_to_the_lock(
    alice: Reader, alice_client: Client, make_account: Any
) -> None:
    account = make_account(alice)
    alice_client.post("/lock/")
    response = alice_client.get(f"/accounts/{account.pk}/progress/", headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert response.headers["HX-Redirect"] == LOCKED


def test_background_sync_outlives_the_lock(alice: Reader, alice_client: Client) -> None:
    alice_client.post("/accounts/background/", {"until": "revoked"})
    alice_client.post("/lock/")
    assert Grant.objects.for_user(alice.user).get().until == Grant.Until.REVOKED


def test_one_can_sign_out_of_a_locked_vault(alice: Reader, alice_client: Client) -> None:
    alice_client.post("/lock/")
    assert alice_client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert not ReaderSession.objects.for_user(alice.user).exists()


def test_a_request_under_way_brings_nothing_of_the_vault_back(
    alice: Reader, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions are written back whole: what the lock took out of it stood in that request's copy."""
    inner = backupcodes.draw

    def locked_meanwhile() -> list[str]:
        unlocking.lock(session_of(alice))
        return inner()

    monkeypatch.setattr(backupcodes, "draw", locked_meanwhile)
    assert alice_client.get("/settings/security/backup-codes/").status_code == 200
    inside = Session.objects.get(pk=session_of(alice).session_id).get_decoded()
    assert not {"half", "kept"} & set(inside)
    assert alice_client.get("/accounts/").headers["Location"].startswith(LOCKED)
