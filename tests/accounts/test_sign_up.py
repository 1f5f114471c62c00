"""Sign-up: an invitation, four steps, and nothing before the second factor."""

import html
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import authenticator, backupcodes, invitations, keyring, signup, unlocking
from accounts.models import Authenticator, BackupCode, Identity, Invitation, SecurityEvent, User
from accounts.signup import InvitationGone
from tests.conftest import Reader

PASSWORD = "vier Wörter, ganz zufällig"
AUTHENTICATOR, CODES, KEY = "/sign-up/authenticator/", "/sign-up/codes/", "/sign-up/key/"


@pytest.fixture
def invitation(db: None) -> Invitation:
    return invitations.make("dora@example.org")


def path_of(row: Invitation) -> str:
    return f"/sign-up/{invitations.token_of(row)}/"


def choose(
    browser: Client, row: Invitation, name: str = "dora", password: str = PASSWORD, **more: str
) -> object:
    values = {"username": name, "password": password, "password_again": password, **more}
    return browser.post(path_of(row), values)


def pair(browser: Client, name: str = "dora", shift: int = 0) -> object:
    device = Authenticator.objects.get(user__username=name)
    code = f"{device.totp(timezone.now().timestamp() + shift).token():06d}"
    return browser.post(AUTHENTICATOR, {"code": code})


def codes_on(page: bytes) -> list[str]:
    return re.findall(r"<li><code>([0-9A-Z-]{19})</code></li>", page.decode())


def key_on(page: bytes) -> list[str]:
    return re.findall(r"<li><code>([0-9A-Z]{4})</code></li>", page.decode())


def asked_on(page: bytes) -> list[int]:
    return [int(number) - 1 for number in re.findall(r">\s*Group (\d)", page.decode())]


def until_the_key(browser: Client, row: Invitation) -> bytes:
    choose(browser, row)
    pair(browser)
    browser.get(CODES)
    browser.post(CODES)
    return browser.get(KEY).content


def test_four_steps_make_a_reader(visitor: Client, invitation: Invitation) -> None:
    assert visitor.get(path_of(invitation)).status_code == 200
    response = choose(visitor, invitation, time_zone="Europe/Zurich")
    assert response.headers["Location"] == AUTHENTICATOR
    user = User.objects.get(username="dora")
    assert not user.is_active
    assert user.time_zone == "Europe/Zurich"

    assert pair(visitor).headers["Location"] == CODES
    user.refresh_from_db()
    assert user.is_active
    assert not user.is_staff

    assert len(codes_on(visitor.get(CODES).content)) == 10
    assert visitor.post(CODES).headers["Location"] == KEY

    page = visitor.get(KEY).content
    groups, asked = key_on(page), asked_on(page)
    assert (len(groups), len(asked)) == (9, 2)
    typed = {"first": groups[asked[0]].lower(), "second": f" {groups[asked[1]]} "}
    assert visitor.post(KEY, typed).headers["Location"] == "/accounts/"

    identity = Identity.objects.for_user(user).get()
    assert identity.enrolled_at is not None
    assert keyring.unlock_by_recovery(identity, "-".join(groups)).owner == user.pk
    assert keyring.unlock(identity, keyring.password_key(identity, PASSWORD)).owner == user.pk
    assert "No mail account yet" in visitor.get("/accounts/").content.decode()


def test_a_password_of_any_characters_signs_in_afterwards(visitor: Client, invitation: Invitation) -> None:
    until_the_key(visitor, invitation)
    other = Client(SERVER_NAME="localhost")
    response = other.post("/sign-in/", {"username": "dora", "password": PASSWORD})
    assert response.headers["Location"] == "/sign-in/code/"


def test_an_operators_invitation_makes_an_operator(visitor: Client, db: None) -> None:
    row = invitations.make("op@example.org", operator=True)
    assert "makes you an operator" in visitor.get(path_of(row)).content.decode()
    choose(visitor, row)
    pair(visitor)
    user = User.objects.get(username="dora")
    assert user.is_staff
    assert user.is_superuser


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("fourteen chars", "at least 15 characters"),
        ("1q2w3e4r5t6y7u8i9o0p", "too common"),
        ("passwordpassword", "first that would be tried"),
        ("dora.the.explorer.", "too similar to the user"),
    ],
)
def test_weak_passwords_are_refused(
    visitor: Client, invitation: Invitation, password: str, words: str
) -> None:
    response = choose(visitor, invitation, "dora.the.explorer", password)
    assert response.status_code == 422
    assert words in html.unescape(response.content.decode())
    assert not User.objects.exists()


def test_the_password_is_asked_for_twice(visitor: Client, invitation: Invitation) -> None:
    values = {"username": "dora", "password": PASSWORD, "password_again": PASSWORD + "."}
    response = visitor.post(path_of(invitation), values)
    assert response.status_code == 422
    assert "not the same" in response.content.decode()
    assert PASSWORD not in html.unescape(response.content.decode())


@pytest.mark.parametrize("name", ["alice", "ALICE", "a", "with space", "semi;colon", "x" * 65, ""])
def test_names_that_are_taken_or_odd_are_refused(
    visitor: Client, invitation: Invitation, alice: Reader, name: str
) -> None:
    assert choose(visitor, invitation, name).status_code == 422


def test_a_name_taken_in_the_same_moment_is_told(
    visitor: Client, invitation: Invitation, alice: Reader
) -> None:
    choice = signup.Choice("Alice", PASSWORD, "en", "UTC")
    with pytest.raises(signup.NameTaken):
        signup.begin(invitation, choice)


def test_a_name_is_kept_in_its_normal_form(visitor: Client, invitation: Invitation) -> None:
    assert choose(visitor, invitation, "ｄｏｒａ").headers["Location"] == AUTHENTICATOR
    assert User.objects.get().username == "dora"


def test_a_name_taken_in_another_form_is_taken(
    visitor: Client, invitation: Invitation, alice: Reader
) -> None:
    assert choose(visitor, invitation, "ＡＬＩＣＥ").status_code == 422


@pytest.mark.parametrize("name", ["ﷺ" * 64, "ﬀ" * 33])
def test_a_name_whose_normal_form_is_too_long_is_refused(
    visitor: Client, invitation: Invitation, name: str
) -> None:
    assert choose(visitor, invitation, name).status_code == 422
    assert not User.objects.exists()


@pytest.mark.parametrize("change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_an_invitation_that_ends_while_the_form_is_sent_begins_nothing(
    invitation: Invitation, change: dict[str, object]
) -> None:
    Invitation.objects.update(**change)
    with pytest.raises(InvitationGone):
        signup.begin(invitation, signup.Choice("dora", PASSWORD, "en", "UTC"))
    assert not User.objects.exists()


def test_the_same_link_starts_over_until_it_is_used(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    first = User.objects.get()
    again = Client(SERVER_NAME="localhost")
    assert choose(again, invitation).headers["Location"] == AUTHENTICATOR
    assert User.objects.get().pk != first.pk
    assert visitor.get(AUTHENTICATOR).headers["Location"] == "/sign-in/"
    assert pair(again).headers["Location"] == CODES


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"used_at": timezone.now()}, 410, "was used"),
        ({"revoked_at": timezone.now()}, 410, "was withdrawn"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, 410, "has expired"),
    ],
)
def test_invitations_that_are_over_say_why(
    visitor: Client, invitation: Invitation, change: dict[str, object], status: int, words: str
) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(**change)
    for response in (visitor.get(path_of(invitation)), choose(visitor, invitation)):
        assert response.status_code == status
        assert words in response.content.decode()
    assert not User.objects.exists()


def test_forged_and_cut_links_are_unknown(visitor: Client, invitation: Invitation) -> None:
    token = invitations.token_of(invitation)
    number, _, signature = token.partition(".")
    other = f"{int(number) + 1}.{signature}"
    for forged in (token[:-1], other, number, f"{number}.", "x", f"{number}.{'A' * 43}", token + "A"):
        response = visitor.get(f"/sign-up/{forged}/")
        assert response.status_code == 404
        assert "not known" in response.content.decode()


def test_an_invitation_works_once(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    pair(visitor)
    assert Invitation.objects.get().used_at is not None
    assert choose(Client(SERVER_NAME="localhost"), invitation, "erik").status_code == 410
    assert not User.objects.filter(username="erik").exists()


def test_of_two_who_complete_at_once_the_second_is_refused(invitation: Invitation) -> None:
    user, _ = signup.begin(invitation, signup.Choice("dora", PASSWORD, "en", "UTC"))
    device = Authenticator.objects.get(user=user)
    signup.complete(user, device)
    with pytest.raises(InvitationGone):
        signup.complete(user, device)


@pytest.mark.django_db(transaction=True)
def test_of_four_who_complete_in_parallel_one_succeeds() -> None:
    row = invitations.make("dora@example.org")
    user, _ = signup.begin(row, signup.Choice("dora", PASSWORD, "en", "UTC"))
    device = Authenticator.objects.get(user=user)
    together = threading.Barrier(4)

    def complete() -> bool:
        together.wait()
        try:
            signup.complete(User.objects.get(pk=user.pk), device)
        except InvitationGone:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        found = [future.result() for future in [pool.submit(complete) for _ in range(4)]]
    assert sorted(found) == [False, False, False, True]


def test_an_invitation_revoked_meanwhile_makes_nobody(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    Invitation.objects.update(revoked_at=timezone.now())
    assert pair(visitor).status_code == 410
    assert not User.objects.get().is_active


def test_an_unfinished_user_cannot_sign_in(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    other = Client(SERVER_NAME="localhost")
    assert other.post("/sign-in/", {"username": "dora", "password": PASSWORD}).status_code == 422


def test_a_wrong_code_makes_nobody(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    response = visitor.post(AUTHENTICATOR, {"code": "12345"})
    assert response.status_code == 422
    assert not User.objects.get().is_active


def test_a_clock_that_is_off_is_named(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    response = pair(visitor, shift=180)
    assert response.status_code == 422
    assert "a clock that is 3 min off" in response.content.decode()
    assert not User.objects.get().is_active


def test_the_authenticators_page_shows_picture_and_key(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    page = visitor.get(AUTHENTICATOR).content.decode()
    secret = authenticator.secret_of(Authenticator.objects.get())
    assert "<svg viewBox=" in page
    assert "style=" not in page
    assert re.sub(r"</span>\s*<span>", "", page).count(secret) == 1


def test_sign_up_waits_thirty_minutes_for_the_authenticator(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    session = visitor.session
    held = session["waiting"]
    assert 25 * 60 < held[1] - timezone.now().timestamp() <= 30 * 60
    session["waiting"] = [held[0], 0, held[2]]
    session.save()
    response = visitor.get(AUTHENTICATOR, follow=True)
    assert "Open the invitation again" in response.content.decode()


def test_without_the_cookies_half_sign_up_starts_again(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    del visitor.cookies[unlocking.COOKIE]
    assert pair(visitor).headers["Location"] == "/sign-in/"
    assert not User.objects.get().is_active


def test_mail_waits_until_codes_and_key_are_kept(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    pair(visitor)
    for path in ("/", "/accounts/", "/accounts/add/"):
        assert visitor.get(path).headers["Location"].startswith(CODES)
    assert visitor.get(KEY).headers["Location"] == CODES


def test_codes_and_key_survive_a_reload_and_no_more(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    pair(visitor)
    codes = codes_on(visitor.get(CODES).content)
    assert codes_on(visitor.get(CODES).content) == codes
    assert not any(code in str(dict(visitor.session.items())) for code in codes)
    visitor.post(CODES)
    key = key_on(visitor.get(KEY).content)
    assert key_on(visitor.get(KEY).content) == key
    assert codes_on(visitor.get(CODES).content) != codes


def test_a_key_that_a_second_request_replaced_is_not_confirmed(
    visitor: Client, invitation: Invitation
) -> None:
    """A double click makes two keys, of which one opens: never may the reader keep the other."""
    first = until_the_key(visitor, invitation)
    identity = Identity.objects.for_user(User.objects.get(username="dora")).get()
    vault = keyring.unlock(identity, keyring.password_key(identity, PASSWORD))
    signup.issue_recovery_key(vault)
    asked, groups = asked_on(first), key_on(first)
    answer = visitor.post(KEY, {"first": groups[asked[0]], "second": groups[asked[1]]})
    assert answer.status_code == 422
    second = key_on(answer.content)
    assert second != groups
    identity.refresh_from_db()
    assert identity.enrolled_at is None
    assert keyring.unlock_by_recovery(identity, "-".join(second)).secret == vault.secret


def test_codes_that_a_second_request_replaced_are_not_confirmed(
    visitor: Client, invitation: Invitation
) -> None:
    choose(visitor, invitation)
    pair(visitor)
    first = codes_on(visitor.get(CODES).content)
    owner = User.objects.get(username="dora").pk
    backupcodes.issue(owner)
    second = codes_on(visitor.post(CODES).content)
    assert len(second) == len(first)
    assert backupcodes.are_current(owner, second)
    assert not backupcodes.are_current(owner, first)


def test_ten_hashed_codes_are_stored(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    pair(visitor)
    codes = codes_on(visitor.get(CODES).content)
    rows = BackupCode.objects.for_user(User.objects.get())
    assert rows.count() == 10
    assert not any(code.encode() in bytes(row.digest) for row in rows for code in codes)


def test_the_wrong_groups_do_not_end_sign_up(visitor: Client, invitation: Invitation) -> None:
    page = until_the_key(visitor, invitation)
    groups, asked = key_on(page), asked_on(page)
    others = [group for at, group in enumerate(groups) if at not in asked]
    for typed in (
        {"first": groups[asked[0]], "second": others[0]},
        {"first": groups[asked[1]], "second": groups[asked[0]]},
        {"first": "", "second": ""},
        {"first": "ÄÖÜ!", "second": "????"},
    ):
        assert visitor.post(KEY, typed).status_code == 422
    assert Identity.objects.for_user(User.objects.get()).get().enrolled_at is None


def test_a_lock_in_the_middle_loses_nothing_but_what_was_shown(
    visitor: Client, invitation: Invitation
) -> None:
    until_the_key(visitor, invitation)
    visitor.post("/lock/")
    assert visitor.get(KEY).headers["Location"].startswith("/locked/")
    assert visitor.post("/locked/", {"password": PASSWORD, "next": KEY}).headers["Location"] == KEY
    assert len(key_on(visitor.get(KEY).content)) == 9


def test_after_sign_up_its_steps_are_over(alice_client: Client) -> None:
    for path in (CODES, KEY):
        assert alice_client.get(path).headers["Location"] == "/accounts/"
        assert alice_client.post(path).headers["Location"] == "/accounts/"


def test_sign_up_needs_a_secure_connection(client: Client, invitation: Invitation) -> None:
    assert client.get(path_of(invitation)).status_code == 403


def test_the_new_reader_finds_it_in_the_events(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    pair(visitor)
    events = SecurityEvent.objects.for_user(User.objects.get())
    assert [event.kind for event in events] == [SecurityEvent.Kind.SIGNED_UP]


def test_pages_with_secrets_are_kept_nowhere(visitor: Client, invitation: Invitation) -> None:
    choose(visitor, invitation)
    assert "no-store" in visitor.get(AUTHENTICATOR).headers["Cache-Control"]
    pair(visitor)
    assert "no-store" in visitor.get(CODES).headers["Cache-Control"]
    visitor.post(CODES)
    assert "no-store" in visitor.get(KEY).headers["Cache-Control"]
