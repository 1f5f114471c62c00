"""Browsers known again, and the notice of a new one."""

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import knowndevices
from accounts.models import Identity, KnownDevice, SecurityEvent
from tests.accounts.conftest import code_of
from tests.conftest import PASSWORD, Reader

COOKIE = knowndevices.COOKIE
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
NOTICE = "A new browser signed in as you"


def browser(cookie: str = "") -> Client:
    client = Client(SERVER_NAME="localhost", headers={"User-Agent": FIREFOX}, REMOTE_ADDR="192.0.2.44")
    if cookie:
        client.cookies[COOKIE] = cookie
    return client


def enter(reader: Reader, client: Client | None = None) -> Client:
    """Both factors, in the forms."""
    client = client or browser()
    reader.device.refresh_from_db()
    reader.device.last_t, reader.device.throttling_failure_count = -1, 0
    reader.device.save()
    client.post("/sign-in/", {"username": reader.user.username, "password": PASSWORD})
    assert client.post("/sign-in/code/", {"code": code_of(reader)}).headers["Location"] == "/"
    return client


def leave(client: Client) -> str:
    """Sign out; the cookie that stays."""
    client.post("/sign-out/")
    return client.cookies[COOKIE].value


def kinds(reader: Reader) -> list[str]:
    return list(SecurityEvent.objects.for_user(reader.user).values_list("kind", flat=True))


def devices(reader: Reader) -> list[KnownDevice]:
    return list(KnownDevice.objects.for_user(reader.user).order_by("pk"))


def shown(client: Client, page: str = "/accounts/") -> str:
    return " ".join(client.get(page).content.decode().split())


def knows(cookie: str, user_id: int) -> bool:
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = cookie
    return knowndevices.knows(request, user_id)


def test_the_first_browser_is_noted_and_nothing_is_told(alice: Reader) -> None:
    client = enter(alice)
    assert len(devices(alice)) == 1
    assert SecurityEvent.Kind.NEW_DEVICE not in kinds(alice)
    assert NOTICE not in shown(client)


def test_the_cookie_is_strict_and_lasts_a_year(alice: Reader) -> None:
    cookie = enter(alice).cookies[COOKIE]
    assert len(cookie.value) == 44
    assert cookie["max-age"] == 365 * 24 * 3600
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (
        True,
        True,
        "Lax",
        "/",
    )


def test_what_is_stored_is_not_what_the_cookie_holds(alice: Reader, bob: Reader) -> None:
    cookie = leave(enter(alice))
    leave(enter(bob, browser(cookie)))
    one, other = devices(alice)[0], devices(bob)[0]
    assert bytes(one.digest) != bytes(other.digest)
    assert len(bytes(one.digest)) == 32
    assert knows(cookie, alice.pk)
    assert knows(cookie, bob.pk)


def test_the_same_browser_is_known_again(alice: Reader) -> None:
    cookie = leave(enter(alice))
    client = enter(alice, browser(cookie))
    assert len(devices(alice)) == 1
    assert SecurityEvent.Kind.NEW_DEVICE not in kinds(alice)
    assert client.cookies[COOKIE].value == cookie


def test_a_further_browser_is_told_on_the_next_page_of_a_known_one_until_answered(alice: Reader) -> None:
    known = enter(alice)
    assert NOTICE not in shown(known)
    enter(alice)
    assert SecurityEvent.Kind.NEW_DEVICE in kinds(alice)
    for page in ("/accounts/", "/inbox/", "/settings/sessions/"):
        text = shown(known, page)
        assert NOTICE in text
        assert "Firefox on Linux" in text
        assert "IP address 192.0.2.44" in text
    new = devices(alice)[1]
    answer = known.post(f"/settings/browsers/{new.pk}/", {"answer": "yes", "next": "/inbox/"})
    assert answer.headers["Location"] == "/inbox/"
    assert NOTICE not in shown(known)
    assert devices(alice)[1].told_at is not None


def test_the_new_browser_does_not_answer_for_itself_in_its_first_session(alice: Reader) -> None:
    enter(alice)
    new = enter(alice)
    assert NOTICE not in shown(new)
    again = enter(alice, browser(leave(new)))
    assert NOTICE in shown(again)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_nor_does_it_without_its_cookie_or_by_a_guessed_number(alice: Reader, answer: str) -> None:
    known, new = enter(alice), enter(alice)
    del new.cookies[COOKIE]
    assert NOTICE not in shown(new)
    itself = devices(alice)[1]
    assert new.post(f"/settings/browsers/{itself.pk}/", {"answer": answer}).status_code == 404
    assert NOTICE in shown(known)


def test_no_leads_to_the_sessions_and_the_browser_is_forgotten(alice: Reader) -> None:
    known = enter(alice)
    stranger = enter(alice)
    new = devices(alice)[1]
    answer = known.post(f"/settings/browsers/{new.pk}/", {"answer": "no"})
    assert answer.headers["Location"] == "/settings/sessions/"
    assert "then change the password" in shown(known, "/settings/sessions/")
    assert not knows(stranger.cookies[COOKIE].value, alice.pk)
    assert NOTICE not in shown(known)


def test_a_browser_of_somebody_else_is_not_there(alice: Reader, bob: Reader) -> None:
    enter(bob)
    enter(bob)
    client = enter(alice)
    theirs = devices(bob)[1]
    assert client.post(f"/settings/browsers/{theirs.pk}/", {"answer": "yes"}).status_code == 404
    assert NOTICE not in shown(client)


def test_the_cookie_opens_nothing(alice: Reader) -> None:
    cookie = leave(enter(alice))
    assert browser(cookie).get("/accounts/").headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("cookie", ["", "x", "Ä" * 44, "A" * 43 + "=", "=" * 44, "A" * 9000])
def test_a_cookie_of_nonsense_is_an_unknown_browser(alice: Reader, cookie: str) -> None:
    enter(alice)
    assert not knows(cookie, alice.pk)
    client = enter(alice, browser(cookie))
    assert len(devices(alice)) == 2
    assert len(client.cookies[COOKIE].value) == 44


def test_a_browser_not_seen_for_a_year_is_new_again(alice: Reader) -> None:
    cookie = leave(enter(alice))
    long_ago = timezone.now() - timedelta(days=366)
    KnownDevice.objects.for_user(alice.user).update(used_at=long_ago)
    assert not knows(cookie, alice.pk)
    enter(alice, browser(cookie))
    assert len(devices(alice)) == 1
    assert knows(cookie, alice.pk)


def test_nobody_is_known_who_is_not_there(alice: Reader) -> None:
    cookie = leave(enter(alice))
    assert not knows(cookie, alice.pk + 1_000_000)


def test_a_notice_whose_event_does_not_open_is_shown_all_the_same(alice: Reader) -> None:
    known = enter(alice)
    enter(alice)
    SecurityEvent.objects.for_user(alice.user).filter(kind="new-device").delete()
    text = shown(known)
    assert NOTICE in text
    assert "unknown browser" in text
    assert Identity.objects.for_user(alice.user).exists()
