"""Continue with a provider: there, back, and everything that may come back instead."""

import json
import logging
import re
import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts import deleting, mailboxes, unlocking
from accounts.models import MailAccount, SecurityEvent
from accounts.oauth import waiting
from accounts.oauth.tokens import TokenSet
from accounts.sealing import MAGIC
from accounts.signals import sync_wanted
from tests.conftest import Reader, sign_in
from tests.servers.fixtures import loopback
from tests.servers.identity import MAIL_SCOPE, IdentityProvider, Reply, id_token, provider_at

START = reverse("accounts:oauth_start", kwargs={"provider": "google"})
BACK = reverse("accounts:oauth_return", kwargs={"provider": "google"})
LIST = reverse("accounts:list")


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here should reach a worker."""
    monkeypatch.setattr(sync_wanted, "receivers", [])
    sync_wanted.sender_receivers_cache.clear()


def begin(client: Client, **fields: Any) -> str:
    """The address at the provider that the page goes on to."""
    page = client.post(START, fields)
    assert page.status_code == 200
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.content.decode())
    assert found
    assert f'href="{found[1]}"' in page.content.decode()
    return found[1].replace("&amp;", "&")


def come_back(client: Client, location: str) -> str:
    """What the reader is told then."""
    parts = urlsplit(location)
    answer = client.get(f"{parts.path}?{parts.query}")
    assert (answer.status_code, answer.headers["Location"]) == (302, LIST)
    assert "no-store" in answer.headers["Cache-Control"]
    *_, told = get_messages(answer.wsgi_request)
    return str(told)


def only(reader: Reader) -> MailAccount:
    return MailAccount.objects.for_user(reader.user).get()


def tokens_of(reader: Reader, row: MailAccount) -> TokenSet:
    return TokenSet.load(reader.vault.open_secret(row, "token"))


def nothing_is_stored(reader: Reader) -> bool:
    return not MailAccount.objects.for_user(reader.user).exists()


def test_the_way_there_and_back_makes_an_account(
    alice: Reader, alice_client: Client, idp: IdentityProvider
) -> None:
    told = come_back(alice_client, idp.decide(begin(alice_client)))
    assert told == "The account was added. Google lets us in, and its first sync begins."
    row = only(alice)
    details = mailboxes.read(alice.vault, row)
    assert (details.address, details.username, details.host) == (
        "alice@example.org",
        "alice@example.org",
        "localhost",
    )
    assert (row.auth, row.password, row.state) == ("google", None, "active")
    assert bytes(row.token).startswith(MAGIC)
    tokens = tokens_of(alice, row)
    assert tokens.access in idp.access
    assert tokens.refresh in idp.refresh
    assert 3500 < tokens.expires_at - time.time() <= 3600
    kinds = SecurityEvent.objects.for_user(alice.user).values_list("kind", flat=True)
    assert "mail-account-added" in kinds


def test_the_request_says_what_the_standards_want(alice_client: Client, idp: IdentityProvider) -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begin(alice_client)).query).items()}
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == f"http://localhost:8000{BACK}"
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == f"openid email {MAIL_SCOPE}"
    again = parse_qs(urlsplit(begin(alice_client)).query)
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) >= 43
        assert again[name] != [asked[name]]


def test_what_waits_is_sealed_in_the_session(alice_client: Client, idp: IdentityProvider) -> None:
    asked = parse_qs(urlsplit(begin(alice_client)).query)
    stored = Session.objects.get(session_key=alice_client.session.session_key).get_decoded()
    for name in ("state", "nonce"):
        assert asked[name][0] not in json.dumps(stored)
    assert "oauth" in stored["kept"]


def test_the_verifier_proves_that_we_asked(
    alice: Reader, alice_client: Client, idp: IdentityProvider
) -> None:
    """A code from another's request is of no use: the challenge is another."""
    stolen = parse_qs(urlsplit(idp.decide(begin(sign_in(alice)))).query)["code"][0]
    mine = idp.decide(begin(alice_client))
    code = parse_qs(urlsplit(mine).query)["code"][0]
    assert "takes this answer no more" in come_back(alice_client, mine.replace(code, stolen))
    assert nothing_is_stored(alice)


def test_denied_changes_nothing(alice: Reader, alice_client: Client, idp: IdentityProvider) -> None:
    told = come_back(alice_client, idp.decide(begin(alice_client), allow=False))
    assert told == "You did not allow it at Google. Nothing was changed."
    assert nothing_is_stored(alice)
    assert idp.posts("/token") == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?state=",
        "?code=abc",
        "?code=abc&state=guessed",
        "?error=access_denied&state=%F0%9F%94%91",
        "?state=%FF",
    ],
)
def test_another_state_is_told_and_takes_nothing_away(
    alice: Reader, alice_client: Client, idp: IdentityProvider, query: str
) -> None:
    url = begin(alice_client)
    assert "belongs to nothing that was begun here" in come_back(alice_client, BACK + query)
    assert idp.posts("/token") == []
    assert "was added" in come_back(alice_client, idp.decide(url))


def test_an_answer_counts_once(alice: Reader, alice_client: Client, idp: IdentityProvider) -> None:
    location = idp.decide(begin(alice_client))
    come_back(alice_client, location)
    assert "belongs to nothing" in come_back(alice_client, location)
    assert len(idp.posts("/token")) == 1
    assert MailAccount.objects.for_user(alice.user).count() == 1


def test_a_second_request_takes_the_place_of_the_first(alice_client: Client, idp: IdentityProvider) -> None:
    first, second = begin(alice_client), begin(alice_client)
    assert "belongs to nothing" in come_back(alice_client, idp.decide(first))
    assert "was added" in come_back(alice_client, idp.decide(second))


def test_after_ten_minutes_it_is_too_late(
    alice: Reader, alice_client: Client, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = idp.decide(begin(alice_client))
    now = time.time()
    monkeypatch.setattr(waiting.time, "time", lambda: now + 601)
    assert "within ten minutes" in come_back(alice_client, location)
    assert nothing_is_stored(alice)


def test_an_answer_for_one_provider_is_none_of_another(
    alice: Reader, alice_client: Client, idp: IdentityProvider, settings: Any
) -> None:
    google = provider_at(idp.url, 993)
    settings.OAUTH_PROVIDERS = {"google": google, "microsoft": replace(google, key="microsoft")}
    location = idp.decide(begin(alice_client)).replace("/google/", "/microsoft/")
    assert "belongs to nothing" in come_back(alice_client, location)
    assert nothing_is_stored(alice)


def test_who_signed_in_meanwhile_gets_nothing_of_it(
    alice: Reader, bob: Reader, alice_client: Client, idp: IdentityProvider
) -> None:
    """The browser comes back while bob sits at it; or bob is sent the address of alice's answer."""
    location = idp.decide(begin(alice_client))
    bobs = sign_in(bob)
    assert "belongs to nothing" in come_back(bobs, location)
    assert nothing_is_stored(bob)
    assert idp.posts("/token") == []


def test_a_visitor_and_a_locked_reader_take_no_code_along(
    alice_client: Client, idp: IdentityProvider
) -> None:
    """The page that they are sent to has the answer's path in its address, and nothing of its query."""
    location = idp.decide(begin(alice_client))
    del alice_client.cookies[unlocking.COOKIE]
    for client in (Client(), alice_client):
        answer = client.get(location.removeprefix("http://localhost:8000"))
        assert answer.status_code == 302
        assert "code" not in answer.headers["Location"].replace("%2F", "/").replace(BACK, "")
        assert "state" not in answer.headers["Location"]


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example/", "/sign-out/"])
def test_where_it_goes_on_to_is_never_taken_from_outside(
    alice_client: Client, idp: IdentityProvider, next_: str
) -> None:
    """come_back() sees that it is our list."""
    url = begin(alice_client, next=next_, redirect_uri=next_)
    assert "evil" not in url
    come_back(alice_client, f"{idp.decide(url)}&next={next_}&redirect_uri={next_}")


def test_another_host_cannot_be_named_as_the_way_back(alice_client: Client, idp: IdentityProvider) -> None:
    """The way back is the installation's address, whatever host a request names."""
    page = alice_client.post(START, {}, headers={"Host": "127.0.0.1", "X-Forwarded-Host": "evil.example"})
    assert escape("redirect_uri=http%3A%2F%2Flocalhost%3A8000%2F") in page.content.decode()


# What the token endpoint may say


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Reply(500, b"<h1>Oops</h1>"), "does not answer as it should"),
        (Reply(503, b"", {"Retry-After": "60"}), "does not answer as it should"),
        (Reply(302, b"", {"Location": "https://localhost/token"}), "does not answer as it should"),
        (Reply(200, b"not json"), "does not answer as it should"),
        (Reply(200, b"[1]"), "does not answer as it should"),
        (Reply(200, b"[" * 100_000), "does not answer as it should"),
        (Reply(200, b'{"access_token": "a b", "token_type": "Bearer"}'), "does not answer as it should"),
        (Reply(200, b'{"access_token": "a", "token_type": "mac"}'), "does not answer as it should"),
        (Reply(200, b'{"access_token": "a", "token_type": "Bearer"}'), "for an hour only"),
        (Reply(400, b'{"error": "invalid_grant"}'), "takes this answer no more"),
        (Reply(401, b'{"error": "invalid_client"}'), "Tell the operator"),
        (Reply(400, b'{"error": ["x"]}'), "does not answer as it should"),
    ],
)
def test_an_exchange_that_fails_is_told_and_stores_nothing(
    alice: Reader, alice_client: Client, idp: IdentityProvider, trouble: Reply, words: str
) -> None:
    idp.trouble = trouble
    assert words in come_back(alice_client, idp.decide(begin(alice_client)))
    assert nothing_is_stored(alice)
    assert len(idp.posts("/token")) == 1  # no redirect was followed, nothing tried twice


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody-else", "email": "alice@example.org"},
        {"aud": "mail-helper", "email": "alice@example.org", "nonce": "another"},
        {"aud": "mail-helper", "email": "no address"},
        {"aud": "mail-helper"},
        [],
    ],
)
def test_an_id_token_for_somebody_else_is_none(
    alice: Reader, alice_client: Client, idp: IdentityProvider, claims: Any
) -> None:
    url = begin(alice_client)
    if isinstance(claims, dict):
        claims.setdefault("nonce", parse_qs(urlsplit(url).query)["nonce"][0])
    values = {"access_token": "a", "refresh_token": "r", "token_type": "Bearer", "id_token": id_token(claims)}
    idp.trouble = Reply(200, json.dumps(values).encode())
    assert "did not say whose mail" in come_back(alice_client, idp.decide(url))
    assert nothing_is_stored(alice)


def test_mail_that_was_not_allowed_is_told(
    alice: Reader, alice_client: Client, idp: IdentityProvider
) -> None:
    idp.scope = "openid email"
    assert "leave the box for mail ticked" in come_back(alice_client, idp.decide(begin(alice_client)))
    assert nothing_is_stored(alice)


def test_a_private_host_is_not_asked_for_tokens(
    alice: Reader, alice_client: Client, idp: IdentityProvider, settings: Any
) -> None:
    settings.ALLOWED_MAIL_NETWORKS = loopback(1)
    assert "does not answer" in come_back(alice_client, idp.decide(begin(alice_client)))
    assert idp.asked == []


# The account that it is for


def refused_account(reader: Reader, make_account: Any, **columns: Any) -> MailAccount:
    row: MailAccount = make_account(reader, host="localhost", username="alice@example.org", **columns)
    MailAccount.objects.for_user(reader.user).update(state="attention", error="login-refused")
    return row


def test_an_account_with_a_password_goes_over_to_tokens(
    alice: Reader, alice_client: Client, idp: IdentityProvider, make_account: Any
) -> None:
    row = refused_account(alice, make_account)
    assert "Continue with Google" in alice_client.get(LIST).content.decode()
    url = begin(alice_client, account=row.pk)
    assert parse_qs(urlsplit(url).query)["login_hint"] == ["alice@example.org"]
    assert come_back(alice_client, idp.decide(url)) == "Google lets us in again. The sync goes on."
    row = only(alice)
    assert (row.auth, row.password, row.state, row.error) == ("google", None, "active", "")
    assert tokens_of(alice, row).access in idp.access


def test_adding_the_same_mailbox_again_gives_the_account_new_tokens(
    alice: Reader, alice_client: Client, idp: IdentityProvider
) -> None:
    come_back(alice_client, idp.decide(begin(alice_client)))
    before = only(alice)
    assert "again" in come_back(alice_client, idp.decide(begin(alice_client)))
    after = only(alice)
    assert after.pk == before.pk
    assert after.fence > before.fence  # a run with the old tokens is overtaken
    assert tokens_of(alice, after) != tokens_of(alice, before)


def test_another_mailbox_than_the_accounts_is_refused(
    alice: Reader, alice_client: Client, idp: IdentityProvider, make_account: Any
) -> None:
    row = refused_account(alice, make_account)
    idp.address = "bob@example.org"
    assert "You chose another mailbox" in come_back(
        alice_client, idp.decide(begin(alice_client, account=row.pk))
    )
    row = only(alice)
    assert (row.auth, row.token, row.state) == ("password", None, "attention")


def test_an_account_that_went_meanwhile_stays_gone(
    alice: Reader, alice_client: Client, idp: IdentityProvider, make_account: Any
) -> None:
    row = refused_account(alice, make_account)
    url = begin(alice_client, account=row.pk)
    work = deleting.begin(row)
    assert work
    assert come_back(alice_client, idp.decide(url)) == "The account is no longer here. Nothing was stored."
    assert only(alice).token is None
    deleting.run(work, 10)
    assert nothing_is_stored(alice)


def test_nobody_elses_account_can_be_named(
    alice_client: Client, bob: Reader, idp: IdentityProvider, make_account: Any
) -> None:
    row = make_account(bob)
    for account in (row.pk, row.pk + 7_000_000, "x", "9" * 30):
        assert alice_client.post(START, {"account": account}).status_code == 404


def test_a_provider_that_is_not_registered_is_not_there(alice_client: Client, settings: Any) -> None:
    settings.OAUTH_PROVIDERS = {}
    assert alice_client.post(START).status_code == 404
    assert alice_client.get(f"{BACK}?code=x&state=y").status_code == 404
    page = alice_client.get(reverse("accounts:add")).content.decode()
    assert "no sign-in with Google, Microsoft" in page
    assert START not in page


def test_the_way_there_is_no_link(alice_client: Client, idp: IdentityProvider) -> None:
    """A page elsewhere cannot send the reader off: it takes a POST with the token of ours."""
    assert alice_client.get(START).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = alice_client.cookies
    assert strict.post(START).status_code == 403


# Giving back


def test_deleting_the_account_gives_its_token_back(
    alice: Reader, alice_client: Client, idp: IdentityProvider, django_capture_on_commit_callbacks: Any
) -> None:
    come_back(alice_client, idp.decide(begin(alice_client)))
    row = only(alice)
    tokens = tokens_of(alice, row)
    with django_capture_on_commit_callbacks() as later:
        alice_client.post(reverse("accounts:delete", args=[row.pk]))
        assert idp.posts("/revoke") == []  # not before the commit
    for each in later:
        each()
    assert idp.posts("/revoke")[0]["token"] == tokens.refresh
    assert idp.refresh[tokens.refresh].alive is False
    assert nothing_is_stored(alice)


def test_another_place_gives_the_token_back_and_wipes_it(
    alice: Reader, alice_client: Client, idp: IdentityProvider, django_capture_on_commit_callbacks: Any
) -> None:
    come_back(alice_client, idp.decide(begin(alice_client)))
    row = only(alice)
    details = mailboxes.read(alice.vault, row)
    with django_capture_on_commit_callbacks(execute=True):
        fresh = {name: getattr(details, name) for name in ("name", "address", "port", "security", "username")}
        mailboxes.change(alice.vault, row, mailboxes.Details(**fresh, host="imap.example.org", password="x"))
    row = only(alice)
    assert (row.auth, row.token) == ("password", None)
    assert len(idp.posts("/revoke")) == 1


def test_a_provider_that_is_away_keeps_nobody_from_deleting(
    alice: Reader,
    alice_client: Client,
    idp: IdentityProvider,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    come_back(alice_client, idp.decide(begin(alice_client)))
    settings.ALLOWED_MAIL_NETWORKS = loopback(1)
    with django_capture_on_commit_callbacks(execute=True):
        alice_client.post(reverse("accounts:delete", args=[only(alice).pk]))
    assert nothing_is_stored(alice)


# What is told to whom


def test_neither_code_nor_state_nor_token_is_logged(
    alice: Reader, alice_client: Client, idp: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    alice_client.raise_request_exception = False
    locations = [idp.decide(begin(alice_client)), idp.decide(begin(alice_client), allow=False)]
    come_back(alice_client, locations[1])
    locations.append(idp.decide(begin(alice_client)))
    come_back(alice_client, locations[2])
    idp.trouble = Reply(400, b'{"error": "invalid_grant", "error_description": "canary-description"}')
    locations.append(idp.decide(begin(alice_client)))
    come_back(alice_client, locations[3])
    secrets = [value for location in locations for value in _values(location)]
    tokens = tokens_of(alice, only(alice))
    secrets += [tokens.access, tokens.refresh, "canary-description"]
    told = "\n".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    assert [secret for secret in secrets if secret in told] == []
    assert len(secrets) >= 9


def _values(location: str) -> list[str]:
    query = parse_qs(urlsplit(location).query)
    return [query[name][0] for name in ("code", "state") if name in query]


def test_an_account_whose_tokens_are_damaged_can_be_deleted(
    alice: Reader, alice_client: Client, idp: IdentityProvider
) -> None:
    come_back(alice_client, idp.decide(begin(alice_client)))
    row = only(alice)
    MailAccount.objects.for_user(alice.user).filter(pk=row.pk).update(token=b"mh1 damaged")
    assert alice_client.post(f"/accounts/{row.pk}/delete/").status_code == 302
    assert nothing_is_stored(alice)
