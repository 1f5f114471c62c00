"""Neither words nor statuses nor time tell a stranger which user names exist."""

import re
from typing import Any

import pytest
from axes.models import AccessFailureLog
from django.conf import settings as configured
from django.test import Client

from accounts import invitations
from accounts.kdf import Cost
from accounts.recovery import write_recovery_key
from tests.accounts.timing import medians, spread
from tests.conftest import PASSWORD, Reader

SIGN_IN = "/sign-in/"
WRONG, NEW = "wrong" * 4, "quite another long password"
_CHANGING = re.compile(r'((name="csrfmiddlewaretoken" value|nonce)=)"[^"]+"')


@pytest.fixture
def unlimited(settings: Any) -> None:
    """Lockouts alone."""
    settings.RATELIMIT_ENABLE = False


def told(browser: Client, name: str, password: str, **more: Any) -> tuple[int, str, list[str]]:
    """All of an answer but what the stranger typed, and what is drawn anew each time."""
    response = browser.post(SIGN_IN, {"username": name, "password": password}, **more)
    text = response.content.decode().replace(f'value="{name}"', "")
    return response.status_code, _CHANGING.sub(r'\1""', text), sorted(response.headers)


def test_a_stranger_is_told_the_same_all_the_way_into_a_lockout(
    visitor: Client, alice: Reader, unlimited: None
) -> None:
    for at in range(configured.AXES_FAILURE_LIMIT + 2):
        password = WRONG if at < configured.AXES_FAILURE_LIMIT else PASSWORD
        answers = [told(visitor, name, password, REMOTE_ADDR="192.0.2.1") for name in ("alice", "nobody")]
        assert answers[0] == answers[1], at
    assert "Too many tries" in answers[0][1]


def test_names_that_are_slowed_down_look_the_same(visitor: Client, alice: Reader, unlimited: None) -> None:
    for at in range(25):
        for name in ("alice", "nobody"):
            told(visitor, name, WRONG, REMOTE_ADDR=f"192.0.2.{at + 1}")
    # The seconds that are left differ by those that pass in between.
    answers = [
        re.sub(r"in \d+ (second|minute)s?", "", told(visitor, name, WRONG)[1]) for name in ("alice", "nobody")
    ]
    assert answers[0] == answers[1]
    assert "Too many tries" in answers[0]


def test_a_forged_invitation_does_not_tell_which_ones_exist(visitor: Client, db: None) -> None:
    row = invitations.make("dora@example.org")
    signature = invitations.token_of(row).partition(".")[2]
    pages = set()
    for token in (f"{row.pk}.{signature[::-1]}", f"{row.pk + 1}.{signature}"):
        response = visitor.get(f"/sign-up/{token}/")
        assert response.status_code == 404
        pages.add(_CHANGING.sub(r'\1""', response.content.decode()).replace(token, ""))
    assert len(pages) == 1


def recovery_of(name: str) -> dict[str, str]:
    """A form with a well-written key that is nobody's."""
    key = write_recovery_key(b"x" * 20)
    return {"username": name, "recovery_key": key, "password": NEW, "password_again": NEW}


def sign_in_of(name: str) -> dict[str, str]:
    return {"username": name, "password": WRONG}


PAGES = {"/sign-in/": sign_in_of, "/recover/": recovery_of}


def test_recovery_tells_the_same_all_the_way_into_a_lockout(
    visitor: Client, alice: Reader, unlimited: None
) -> None:
    for at in range(configured.AXES_FAILURE_LIMIT + 1):
        answers = []
        for name in ("alice", "nobody"):
            response = visitor.post("/recover/", recovery_of(name), REMOTE_ADDR="192.0.2.1")
            text = response.content.decode().replace(f'value="{name}"', "")
            answers.append((response.status_code, _CHANGING.sub(r'\1""', text)))
        assert answers[0] == answers[1], at
    assert "Too many tries" in answers[0][1]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.django_db(transaction=True)
def test_time_tells_neither_which_names_exist_nor_which_are_locked_out(
    visitor: Client, alice: Reader, unlimited: None, page: str
) -> None:
    """The one place where time is measured, because it is what is promised."""
    locked = "192.0.2.250"
    for _ in range(configured.AXES_FAILURE_LIMIT):
        visitor.post(page, PAGES[page]("alice"), REMOTE_ADDR=locked)

    def ask(name: str, ip_address: str) -> None:
        assert visitor.post(page, PAGES[page](name), REMOTE_ADDR=ip_address).status_code == 422

    found = medians(
        {
            "known": lambda at: ask("alice", f"198.51.100.{at + 1}"),
            "unknown": lambda at: ask("nobody", f"198.51.100.{at + 1}"),
            "locked out": lambda at: ask("alice", locked),
        },
        between=lambda: AccessFailureLog.objects.all().delete(),
    )
    print(page, {name: f"{value:.1f} ms" for name, value in found.items()}, f"spread {spread(found):.1%}")
    assert spread(found) < 0.1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_time_does_not_tell_whose_login_hash_is_from_before_the_cost_was_raised(
    visitor: Client, alice: Reader, unlimited: None, settings: Any
) -> None:
    settings.PASSWORD_COST = Cost(memory=32 * 1024, passes=4, lanes=1)

    def ask(name: str, ip_address: str) -> None:
        assert visitor.post(SIGN_IN, sign_in_of(name), REMOTE_ADDR=ip_address).status_code == 422

    found = medians(
        {
            "known": lambda at: ask("alice", f"198.51.100.{at + 1}"),
            "unknown": lambda at: ask("nobody", f"198.51.100.{at + 1}"),
        },
        rounds=100,
        between=lambda: AccessFailureLog.objects.all().delete(),
    )
    assert spread(found) < 0.1
