"""Sign-in: two factors, in this order, and one answer for everything that is wrong with the first."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import backupcodes, credentials, housekeeping, kdf, unlocking
from accounts.forms import PASSWORD_AT_MOST, PasswordField
from accounts.models import Grant, ReaderSession, SecurityEvent
from accounts.sessions import SessionStore
from tests.accounts.conftest import code_of, wrong_code_of
from tests.conftest import PASSWORD, Reader, sign_in

SIGN_IN, CODE = "/sign-in/", "/sign-in/code/"


def first_factor(browser: Client, name: str = "alice", password: str = PASSWORD, **more: str) -> object:
    return browser.post(SIGN_IN, {"username": name, "password": password, **more})


def kinds(reader: Reader) -> list[str]:
    return list(SecurityEvent.objects.for_user(reader.user).order_by("pk").values_list("kind", flat=True))


def test_both_factors_open_the_vault(visitor: Client, alice: Reader) -> None:
    response = first_factor(visitor)
    assert response.status_code == 302
    assert response.headers["Location"] == CODE
    response = visitor.post(CODE, {"code": code_of(alice)})
    assert response.status_code == 302
    assert response.headers["Location"] == "/"
    assert visitor.get("/accounts/").status_code == 200
    assert kinds(alice) == [SecurityEvent.Kind.SIGNED_IN]


def test_the_user_names_case_does_not_matter(visitor: Client, alice: Reader) -> None:
    assert first_factor(visitor, "ALICE").status_code == 302


def test_a_password_typed_on_another_keyboard_is_the_same(visitor: Client, alice: Reader) -> None:
    found = visitor.post(SIGN_IN, {"username": "alice", "password": PASSWORD.replace("c", "ｃ")})
    assert found.status_code == 302


def test_a_password_that_is_too_long_is_refused_before_anything_is_done_with_it(
    visitor: Client, alice: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unicode's normal form of a megabyte of accents takes minutes, and holds up all threads."""
    wide = "ｃ" * (PASSWORD_AT_MOST + 1)
    assert PasswordField(autocomplete="off").to_python(wide) == wide
    monkeypatch.setattr(credentials, "check", None)
    assert first_factor(visitor, "alice", "a" + "\u0315\u0316" * 200_000).status_code == 422


def test_login_hashes_and_keys_are_derived_two_at_once_together() -> None:
    with kdf.AT_ONCE, kdf.AT_ONCE:
        hashing = threading.Thread(target=make_password, args=[PASSWORD])
        hashing.start()
        hashing.join(0.3)
        assert hashing.is_alive()
    hashing.join()


def test_every_wrong_first_factor_looks_the_same(visitor: Client, alice: Reader, bob: Reader) -> None:
    bob.user.is_active = False
    bob.user.save()
    pages = set()
    for name, password in (("alice", "wrong" * 4), ("nobody", PASSWORD), ("bob", PASSWORD)):
        response = first_factor(visitor, name, password)
        assert response.status_code == 422
        page = response.content.decode().replace(f'value="{name}"', "")
        pages.add(re.sub(r'(name="csrfmiddlewaretoken" value=|nonce=)"[^"]+"', "", page))
        assert unlocking.COOKIE not in response.cookies
    assert len(pages) == 1


@pytest.mark.parametrize("name", ["alice", "nobody", "bob"])
def test_every_wrong_first_factor_costs_the_same_derivations(
    rf: object, alice: Reader, bob: Reader, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob.user.is_active = False
    bob.user.save()
    derived: list[kdf.Cost] = []
    real = kdf.password_key

    def counting(password: str, salt: bytes, cost: kdf.Cost) -> bytes:
        derived.append(cost)
        return real(password, salt, cost)

    monkeypatch.setattr(kdf, "password_key", counting)
    assert credentials.check(rf.post(SIGN_IN), name, "wrong" * 4) is None
    assert len(derived) == 1


def test_nothing_opens_before_the_second_factor(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    for path in ("/", "/accounts/", "/sign-up/codes/", "/locked/", "/admin/"):
        response = visitor.get(path)
        assert response.status_code == 302
        assert response.headers["Location"].startswith(SIGN_IN)
    assert not ReaderSession.objects.for_user(alice.user).exists()


def test_a_wrong_code_is_refused_and_noted(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    response = visitor.post(CODE, {"code": wrong_code_of(alice)})
    assert response.status_code == 422
    assert "sets its clock by itself" in response.content.decode()
    assert kinds(alice) == [SecurityEvent.Kind.SIGN_IN_FAILED]


def test_after_a_wrong_code_the_next_must_wait(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    visitor.post(CODE, {"code": wrong_code_of(alice)})
    response = visitor.post(CODE, {"code": code_of(alice)})
    assert response.status_code == 422
    assert "Too many wrong codes" in response.content.decode()


def test_a_code_opens_once(visitor: Client, alice: Reader) -> None:
    code = code_of(alice)
    first_factor(visitor)
    assert visitor.post(CODE, {"code": code}).status_code == 302
    other = Client(SERVER_NAME="localhost")
    first_factor(other)
    assert other.post(CODE, {"code": code}).status_code == 422


def test_a_code_may_be_typed_with_spaces(visitor: Client, alice: Reader) -> None:
    code = code_of(alice)
    first_factor(visitor)
    assert visitor.post(CODE, {"code": f" {code[:3]} {code[3:]} "}).status_code == 302


def test_a_backup_code_stands_in_once(visitor: Client, alice: Reader) -> None:
    code = backupcodes.issue(alice.pk)[3]
    first_factor(visitor)
    assert visitor.post(CODE, {"code": code.lower()}).status_code == 302
    assert visitor.get("/accounts/").status_code == 200
    assert SecurityEvent.Kind.BACKUP_CODE_USED in kinds(alice)
    other = Client(SERVER_NAME="localhost")
    first_factor(other)
    assert other.post(CODE, {"code": code}).status_code == 422


def test_anothers_backup_code_is_worth_nothing(visitor: Client, alice: Reader, bob: Reader) -> None:
    code = backupcodes.issue(bob.pk)[0]
    first_factor(visitor)
    assert visitor.post(CODE, {"code": code}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_use_a_backup_code_at_once_one_succeeds(alice: Reader) -> None:
    code = backupcodes.issue(alice.pk)[0]
    together = threading.Barrier(8)

    def use() -> bool:
        together.wait()
        try:
            return backupcodes.use(alice.pk, code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = [future.result() for future in [pool.submit(use) for _ in range(8)]]
    assert sorted(found) == [False] * 7 + [True]


def test_without_the_cookies_half_one_starts_again(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    del visitor.cookies[unlocking.COOKIE]
    response = visitor.get(CODE, follow=True)
    assert response.redirect_chain[-1][0] == SIGN_IN
    assert "That took too long, or a cookie was missing" in response.content.decode()


def test_a_half_of_another_pre_session_does_not_fit(visitor: Client, alice: Reader) -> None:
    other = Client(SERVER_NAME="localhost")
    first_factor(visitor)
    first_factor(other)
    visitor.cookies[unlocking.COOKIE] = other.cookies[unlocking.COOKIE].value
    assert visitor.post(CODE, {"code": code_of(alice)}).headers["Location"] == SIGN_IN


def test_the_pre_session_lasts_five_minutes(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    session = visitor.session
    held = session["waiting"]
    assert 0 < held[1] - timezone.now().timestamp() <= 300
    session["waiting"] = [held[0], timezone.now().timestamp() - 1, held[2]]
    session.save()
    assert visitor.post(CODE, {"code": code_of(alice)}).headers["Location"] == SIGN_IN


def test_a_key_that_waited_for_the_second_factor_in_vain_is_dropped(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    row = Session.objects.get()
    assert "waiting" in row.get_decoded()
    assert row.expire_date <= timezone.now() + unlocking.WAITS
    assert housekeeping.drop_ended_sessions() == 0
    Session.objects.update(expire_date=timezone.now())
    housekeeping.drop_ended_sessions()
    assert not Session.objects.exists()


def test_a_session_lasts_beyond_the_five_minutes_of_its_beginning(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    visitor.post(CODE, {"code": code_of(alice)})
    assert Session.objects.get().expire_date > timezone.now() + timedelta(days=13)


@pytest.mark.parametrize("key", ['"' + "\\000" * 32 + '"', "x" * 5000, "ü" * 32, '"a;b c"'])
def test_a_session_cookie_that_is_no_key_is_a_visitors(db: None, key: str) -> None:
    browser = Client(SERVER_NAME="localhost", HTTP_COOKIE=f"{settings.SESSION_COOKIE_NAME}={key}")
    assert browser.get(SIGN_IN).status_code == 200
    assert browser.get("/accounts/").headers["Location"].startswith(SIGN_IN)


def test_someone_shut_out_between_the_factors_stays_out(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    alice.user.is_active = False
    alice.user.save()
    assert visitor.post(CODE, {"code": code_of(alice)}).headers["Location"] == SIGN_IN


@pytest.mark.parametrize(
    ("wish", "way"),
    [
        ("/inbox/?unread=1", "/inbox/?unread=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("inbox/", "/"),
    ],
)
def test_the_way_back_stays_in_this_house(visitor: Client, alice: Reader, wish: str, way: str) -> None:
    response = first_factor(visitor, next=wish)
    page = visitor.get(response.headers["Location"])
    form = page.content.decode().partition("</form>")[0]
    found = re.search(r'name="next" value="([^"]*)"', form)
    onward = found[1].replace("&amp;", "&") if found else ""
    assert visitor.post(CODE, {"code": code_of(alice), "next": onward}).headers["Location"] == way


def test_away_from_this_machine_plain_http_says_that_tls_is_needed(client: Client, alice: Reader) -> None:
    for response in (client.get(SIGN_IN), first_factor(client)):
        assert response.status_code == 403
        assert "Sign-in needs a secure connection" in response.content.decode()
    assert client.get(SIGN_IN, secure=True).status_code == 200


def test_each_sign_in_has_a_session_and_a_half_of_its_own(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    before, half = visitor.session.session_key, visitor.cookies[unlocking.COOKIE].value
    visitor.post(CODE, {"code": code_of(alice)})
    assert visitor.session.session_key != before
    assert visitor.cookies[unlocking.COOKIE].value != half


def planted(browser: Client) -> str:
    """A session that somebody else began, and brought into this browser."""
    session = SessionStore()
    session["bait"] = "x"
    session.create()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return str(session.session_key)


def test_a_planted_session_is_kept_neither_after_the_password_nor_after_the_code(
    visitor: Client, alice: Reader
) -> None:
    bait = planted(visitor)
    assert first_factor(visitor).status_code == 302
    between = visitor.session.session_key
    assert between != bait
    assert "bait" not in visitor.session
    assert not Session.objects.filter(pk=bait).exists()
    assert visitor.post(CODE, {"code": code_of(alice)}).headers["Location"] == "/"
    assert visitor.session.session_key not in (bait, between)
    for old in (bait, between):
        thief = Client(SERVER_NAME="localhost")
        thief.cookies[settings.SESSION_COOKIE_NAME] = old
        thief.cookies[unlocking.COOKIE] = visitor.cookies[unlocking.COOKIE].value
        assert thief.get("/accounts/").headers["Location"].startswith(SIGN_IN)


def test_a_session_planted_between_the_factors_takes_no_code(visitor: Client, alice: Reader) -> None:
    first_factor(visitor)
    planted(visitor)
    assert visitor.post(CODE, {"code": code_of(alice)}).headers["Location"] == SIGN_IN
    assert not ReaderSession.objects.for_user(alice.user).exists()


def test_the_half_of_another_session_opens_nothing(alice: Reader, bob: Reader) -> None:
    mine, second, anothers = sign_in(alice), sign_in(alice), sign_in(bob)
    for other in (second, anothers):
        half = mine.cookies[unlocking.COOKIE].value
        mine.cookies[unlocking.COOKIE] = other.cookies[unlocking.COOKIE].value
        assert mine.get("/accounts/").headers["Location"].startswith("/locked/")
        mine.cookies[unlocking.COOKIE] = half
        assert mine.get("/accounts/").status_code == 200


def test_the_half_travels_in_a_strict_cookie(visitor: Client, alice: Reader) -> None:
    cookie = first_factor(visitor).cookies[unlocking.COOKIE]
    assert cookie.key == "__Host-vault"
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]


def test_who_is_signed_in_is_sent_on(alice_client: Client) -> None:
    response = alice_client.get(SIGN_IN, {"next": "/inbox/"}, SERVER_NAME="localhost")
    assert response.headers["Location"] == "/inbox/"


def test_signing_out_ends_session_halves_and_what_was_lent(alice: Reader, alice_client: Client) -> None:
    row = ReaderSession.objects.for_user(alice.user).get()
    assert Grant.objects.for_user(alice.user).filter(until=Grant.Until.SIGNED_OUT).exists()
    response = alice_client.post("/sign-out/")
    assert response.headers["Location"] == SIGN_IN
    assert response.cookies[unlocking.COOKIE]["max-age"] == 0
    assert not Session.objects.filter(pk=row.session_id).exists()
    assert not ReaderSession.objects.for_user(alice.user).exists()
    assert not Grant.objects.for_user(alice.user).exists()
    assert kinds(alice)[-1] == SecurityEvent.Kind.SIGNED_OUT
    assert alice_client.get("/accounts/").headers["Location"].startswith(SIGN_IN)


def test_signing_out_leaves_other_sessions_and_background_sync(alice: Reader, alice_client: Client) -> None:
    other = sign_in(alice)
    other.post("/accounts/background/", {"until": "revoked"})
    alice_client.post("/sign-out/")
    assert other.get("/accounts/").status_code == 200
    assert Grant.objects.for_user(alice.user).get().until == Grant.Until.REVOKED


def test_a_visitor_cannot_sign_out(visitor: Client, db: None) -> None:
    assert visitor.post("/sign-out/").headers["Location"] == SIGN_IN


def test_sign_out_and_lock_reject_get(alice_client: Client) -> None:
    assert alice_client.get("/sign-out/").status_code == 405
    assert alice_client.get("/lock/").status_code == 405


@pytest.mark.parametrize(
    "path", ["/accounts/", "/mail/1/", "/accounts/1/edit/", "/inbox/?account=x", "/admin/"]
)
def test_nothing_that_a_reader_is_answered_is_kept_anywhere(alice_client: Client, path: str) -> None:
    assert "no-store" in alice_client.get(path).headers["Cache-Control"]


def test_pages_of_the_door_are_kept_nowhere(visitor: Client, alice: Reader) -> None:
    assert "no-store" in visitor.get(SIGN_IN).headers["Cache-Control"]
    first_factor(visitor)
    assert "no-store" in visitor.get(CODE).headers["Cache-Control"]
