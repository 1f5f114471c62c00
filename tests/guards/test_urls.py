"""No URL lets in whom it should not, and none tells a stranger that somebody's row exists.

Patterns are found by walking the resolver: what is new is guarded, or fails here.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts import unlocking
from accounts.models import Identity, MailAccount
from mail.models import Email
from tests.conftest import Reader, sign_in
from tests.guards.patterns import (
    NO_ROW,
    Pattern,
    any_values,
    elsewhere,
    every_pattern,
    values_for,
    with_rows,
)
from tests.mail.factories import Mailbox, make_account, make_email

#: Pages for people who are not signed in.
VISITORS = {
    "accounts:recover",
    "accounts:sign_in",
    "accounts:sign_in_code",
    "accounts:sign_in_passkey",
    "accounts:sign_up",
    "accounts:sign_up_authenticator",
    "accounts:language",
}
#: Pages for readers whose vault is locked.
SIGNED_IN = {"accounts:lock", "accounts:locked", "accounts:lock_state", "accounts:sign_out"}
#: Pages for readers whose sign-up is not finished.
ENROLLING = {"accounts:sign_up_codes", "accounts:sign_up_key"}

#: The admin's pages that have nothing to show to operators either: models have no page of their own, and what
#: no other pattern takes.
NEVER = {"admin:view_on_site", "admin/(?P<url>.*)$"}

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_CHANGING = re.compile(rb'(name="csrfmiddlewaretoken" value|nonce)="[^"]*"')
_OF_THE_REQUEST = {"content-security-policy", "content-length", "date", "expires"}


def ask(client: Client, method: str, path: str, **headers: str) -> HttpResponse:
    """An answer, errors of the server as status 500."""
    client.raise_request_exception = False
    response: Any = client.generic(method, path, headers=headers)
    return response  # type: ignore[no-any-return]


def told(response: HttpResponse, path: str) -> tuple[int, bytes, dict[str, str]]:
    """All that a stranger learns from an answer, but for the path that they asked for themselves."""
    text = _CHANGING.sub(rb"\1", response.content)
    headers = {k.lower(): v for k, v in response.headers.items() if k.lower() not in _OF_THE_REQUEST}
    for spelling in (escape(path), quote(path), path):
        text = text.replace(spelling.encode(), b"PATH")
        headers = {name: value.replace(spelling, "PATH") for name, value in headers.items()}
    return response.status_code, text, headers


def names_at(level: str) -> set[str]:
    return {pattern.name for pattern in every_pattern() if pattern.level == level}


def paths(level_names: Iterable[str] = ()) -> list[tuple[Pattern, str]]:
    """Each pattern but the named ones, with a path that leads to it."""
    out = set(level_names)
    return [(p, p.path(any_values(p))) for p in every_pattern() if p.name not in out]


def test_the_lists_above_are_what_the_views_say() -> None:
    assert names_at("visitor") == VISITORS
    assert names_at("signed_in") == SIGNED_IN
    assert names_at("enrolling") == ENROLLING


def assert_all_go_to(
    place: str, client: Client, out: set[str], methods: tuple[str, ...] = ("GET", "POST")
) -> None:
    """Every pattern but those left out sends the client to a page, and says nothing else."""
    asked = 0
    wrong = []
    for pattern, path in paths(out):
        for method in methods:
            response = ask(client, method, path)
            asked += 1
            location = response.headers.get("Location", "")
            if response.status_code != 302 or not location.startswith(place) or response.content:
                wrong.append((method, path, response.status_code, location))
            if method not in ("GET", "POST"):
                continue
            part = ask(client, method, path, HX_Request="true")
            asked += 1
            if part.status_code != 204 or part.headers.get("HX-Redirect") != place or part.content:
                wrong.append((method, path, part.status_code, "htmx"))
        assert pattern.name not in out
    print(f"{len(paths(out))} of {len(every_pattern())} patterns, {asked} requests go to {place}")
    assert wrong == []
    assert len(paths(out)) > 20


def test_every_url_refuses_a_visitor_unless_listed(db: None) -> None:
    assert_all_go_to(reverse("accounts:sign_in"), Client(), VISITORS, METHODS)


def test_a_password_alone_is_still_a_visitor(alice: Reader) -> None:
    client = Client()
    client.force_login(alice.user)
    assert_all_go_to(reverse("accounts:sign_in"), client, VISITORS)


def test_someone_shut_out_is_a_visitor_at_once(alice: Reader, alice_client: Client) -> None:
    alice.user.is_active = False
    alice.user.save(update_fields=["is_active"])
    assert_all_go_to(reverse("accounts:sign_in"), alice_client, VISITORS)


def locked_by_hand(reader: Reader) -> Client:
    client = sign_in(reader)
    client.post(reverse("accounts:lock"))
    return client


def without_the_cookies_half(reader: Reader) -> Client:
    client = sign_in(reader)
    del client.cookies[unlocking.COOKIE]
    return client


@pytest.mark.parametrize("lock", [locked_by_hand, without_the_cookies_half])
def test_every_url_sends_a_locked_reader_to_the_lock_unless_listed(
    alice: Reader, lock: Callable[[Reader], Client]
) -> None:
    assert_all_go_to(reverse("accounts:locked"), lock(alice), VISITORS | SIGNED_IN)


def test_every_url_sends_an_operator_with_a_locked_vault_to_the_lock(operator: Reader) -> None:
    assert_all_go_to(reverse("accounts:locked"), locked_by_hand(operator), VISITORS | SIGNED_IN)


def test_nothing_opens_before_sign_up_is_finished(alice: Reader, alice_client: Client) -> None:
    Identity.objects.for_user(alice.user).update(enrolled_at=None)
    out = VISITORS | SIGNED_IN | ENROLLING
    assert_all_go_to(reverse("accounts:sign_up_codes"), alice_client, out)


def test_every_row_of_alice_is_as_if_it_were_not_to_charlie(
    alice: Reader, charlie_client: Client, alice_client: Client
) -> None:
    """By each method charlie is answered as for an id that nobody has: 404, or 405 where alice is too."""
    mine = [pattern for pattern in with_rows() if not pattern.of_operators]
    asked = 0
    for pattern in mine:
        values = values_for(pattern, alice)
        path, nowhere = pattern.path(values), pattern.path(elsewhere(values))
        refused = 0
        for method in METHODS:
            for headers in ({}, {"HX_Request": "true"})[: 2 if method in ("GET", "POST") else 1]:
                answer = ask(charlie_client, method, path, **headers)
                asked += 1
                missing = ask(charlie_client, method, nowhere, **headers)
                assert told(answer, path) == told(missing, nowhere), (method, path)
                assert answer.status_code in (404, 405), (method, path, answer.status_code)
                refused += answer.status_code == 404
        assert refused, f"{pattern.route}: no method was ever refused with 404"
        assert_it_is_there(pattern, alice, alice_client)
    print(f"{len(mine)} patterns with a row's id, {asked} requests of charlie refused")
    assert len(mine) >= 10


def assert_it_is_there(pattern: Pattern, owner: Reader, client: Client) -> None:
    """The owner finds it, and is told 405 where charlie is: or the guard would pass by a broken fixture."""
    statuses = {}
    for method in METHODS:
        path = pattern.path(values_for(pattern, owner))
        statuses[method] = ask(client, method, path).status_code
    assert 404 not in statuses.values(), (pattern.route, statuses)
    assert 500 not in statuses.values(), (pattern.route, statuses)
    assert statuses["GET"] < 400 or statuses["POST"] < 400, (pattern.route, statuses)


def test_a_refusal_of_charlie_changes_nothing(alice: Reader, charlie_client: Client) -> None:
    box = make_account(alice)
    email = make_email(alice, box.inbox)
    before = MailAccount.objects.for_user(alice.user).values().get()
    for pattern in with_rows():
        if pattern.of_operators:
            continue
        number = box.account.pk if pattern.route.startswith("accounts/") else email.pk
        for method in METHODS:
            ask(charlie_client, method, pattern.path({"pk": number, "index": 1}))
    assert MailAccount.objects.for_user(alice.user).values().get() == before
    assert Email.objects.for_user(alice.user).count() == 1


def test_every_page_of_the_admin_is_closed_to_readers_whether_its_row_exists_or_not(
    alice: Reader, alice_client: Client, charlie_client: Client
) -> None:
    mine = [pattern for pattern in with_rows() if pattern.of_operators]
    for pattern in mine:
        values = values_for(pattern, alice)
        path, nowhere = pattern.path(values), pattern.path(elsewhere(values))
        for method in ("GET", "POST"):
            answer = ask(charlie_client, method, path)
            assert answer.status_code == 403, (method, path)
            assert told(answer, path) == told(ask(charlie_client, method, nowhere), nowhere), (method, path)
            assert ask(alice_client, method, path).status_code == 403, (method, path)
    print(f"{len(mine)} patterns of the admin with a row's id refuse readers")
    assert len(mine) > 30


def test_every_page_of_the_admin_is_there_for_operators(
    bob: Reader, operator_client: Client, charlie_client: Client
) -> None:
    shown = 0
    for pattern in every_pattern():
        if not pattern.of_operators or pattern.name in NEVER:
            continue
        values = values_for(pattern, bob) if pattern.name not in NO_ROW and pattern.parameters else {}
        path = pattern.path({**any_values(pattern), **values})
        assert ask(charlie_client, "GET", path).status_code == 403, path
        answer = ask(operator_client, "GET", path)
        assert answer.status_code in (200, 302, 403, 405), (path, answer.status_code)
        shown += answer.status_code == 200
    print(f"{shown} pages of the admin show something to operators")
    assert shown > 30


@pytest.fixture
def box(alice: Reader) -> Mailbox:
    return make_account(alice)


def test_ids_in_queries_and_forms_tell_charlie_nothing(box: Mailbox, charlie_client: Client) -> None:
    """What names a row elsewhere than in the path."""
    account, folder = box.account.pk, box.inbox.pk
    for name, number in (("account", account), ("folder", folder)):
        for page in ("/", "/inbox/"):
            there = f"{page}?{name}={number}"
            nowhere = f"{page}?{name}={number + 7_000_000}"
            answer = ask(charlie_client, "GET", there)
            assert told(answer, there) == told(ask(charlie_client, "GET", nowhere), nowhere), there
            assert answer.status_code == 404 or (page, name) == ("/", "folder"), there
    for number in (account, account + 7_000_000):
        assert charlie_client.post("/accounts/test/", {"account": number}).status_code == 404


def test_a_folder_of_another_account_shows_nothing_of_either(
    alice: Reader, box: Mailbox, bob: Reader
) -> None:
    other = make_account(bob)
    browser = sign_in(bob)
    path = f"/inbox/?account={other.account.pk}&folder={box.inbox.pk}"
    assert browser.get(path).status_code == 404
