"""A mailbox entered with a provider's tokens, on a real Dovecot: renewed in time, and when it is over."""

import dataclasses
import time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import connections, errortexts, grants, overview
from accounts.connections import ConnectionFailed, Server
from accounts.models import Grant, MailAccount
from accounts.oauth import endpoint, entering, renewing
from accounts.oauth.providers import MailPlace
from accounts.oauth.tokens import TokenFailed, TokenSet
from accounts.ownership import acting_as
from mail import connecting, lease, sync
from tests.conftest import Reader
from tests.mail.mailboxes import letter, mails, reload, sync_whole
from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import loopback
from tests.servers.identity import IdentityProvider, Reply

pytestmark = pytest.mark.dovecot

ADDRESS = "alice@example.org"


@pytest.fixture
def account(alice: Reader, post_office: Dovecot, idp: IdentityProvider, settings: Any) -> MailAccount:
    """An account of alice with the tokens of a fresh permission."""
    entering.enter(alice.vault, settings.OAUTH_PROVIDERS["google"], ADDRESS, idp.permit(), None)
    grants.give(alice.vault, Grant.Until.REVOKED)
    row: MailAccount = MailAccount.objects.for_user(alice.user).get()
    return row


@pytest.fixture
def box(post_office: Dovecot) -> Any:
    with post_office.mailbox(ADDRESS) as mailbox:
        yield mailbox


def tokens_of(reader: Reader, account: MailAccount) -> TokenSet:
    return renewing.tokens_of(reader.vault, reload(account))


def lasts(reader: Reader, account: MailAccount, seconds: float) -> TokenSet:
    """The access token ends so soon, as far as we know."""
    tokens = dataclasses.replace(tokens_of(reader, account), expires_at=time.time() + seconds)
    renewing.keep(reader.vault, account, tokens)
    return tokens


def renewals(idp: IdentityProvider) -> list[str]:
    return [fields["refresh_token"] for fields in idp.posts("/token")]


def test_mail_comes_with_a_token(
    alice: Reader, account: MailAccount, box: Any, idp: IdentityProvider, post_office: Dovecot
) -> None:
    box.append([letter(1), letter(2)])
    assert sync_whole(account).stored == 2
    assert renewals(idp) == []
    assert "method=OAUTHBEARER" in post_office.log()


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_each_way_of_saying_it_is_understood(
    idp: IdentityProvider,
    post_office: Dovecot,
    monkeypatch: pytest.MonkeyPatch,
    mechanism: str,
    security: Any,
) -> None:
    """And refused in the same way: the server's challenge is answered, and the connection ends in order."""
    monkeypatch.setattr(connections.sasl, "choose", lambda offered: mechanism)
    port = post_office.tls_port if security == "tls" else post_office.port
    good = Server("localhost", port, security, ADDRESS, "", idp.permit().access)
    allowed = loopback(port)
    connections.close(connections.open_imap(good, allowed=allowed))
    for bad in (
        dataclasses.replace(good, token="nonsense"),
        dataclasses.replace(good, username="bob@x.example"),
    ):
        with pytest.raises(ConnectionFailed) as caught:
            connections.open_imap(bad, allowed=allowed)
        assert (caught.value.code, caught.value.permanent) == ("token-refused", False)
    assert f"method={mechanism}" in post_office.log()


def test_a_token_that_ends_within_a_minute_is_renewed_first(
    alice: Reader, account: MailAccount, box: Any, idp: IdentityProvider
) -> None:
    box.append([letter(1)])
    old = lasts(alice, account, 59)
    assert sync_whole(account).stored == 1
    new = tokens_of(alice, account)
    assert renewals(idp) == [old.refresh]
    assert new.access != old.access
    assert new.refresh != old.refresh
    assert new.lasts(3000)


def test_a_token_that_lasts_is_left_alone(
    alice: Reader, account: MailAccount, box: Any, idp: IdentityProvider
) -> None:
    lasts(alice, account, 90)
    assert sync_whole(account).error == ""
    assert renewals(idp) == []


def test_a_token_that_the_server_refuses_is_renewed_once(
    alice: Reader, account: MailAccount, box: Any, idp: IdentityProvider
) -> None:
    """Our clock says that it lasts, the provider's that it does not."""
    box.append([letter(1)])
    idp.expire()
    assert sync_whole(account).stored == 1
    assert len(renewals(idp)) == 1


def test_expiry_in_the_middle_of_a_sync_loses_nothing(
    alice: Reader,
    account: MailAccount,
    box: Any,
    idp: IdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Units follow each other; after each, the token is too old."""
    idp.lifetime = 30  # less than a minute: every unit renews
    box.append([letter(number) for number in range(4)])
    for folder in ("a", "b"):
        box.create(folder)
        box.append([letter(10 + ord(folder))], folder)
    monkeypatch.setattr(sync, "UNIT_SECONDS", 0.0)
    units = 0
    while sync.run_unit(account.pk):
        idp.expire()
        units += 1
    assert units >= 2
    assert len(mails(account)) == 6
    used = renewals(idp)
    assert len(used) >= units
    assert len(set(used)) == len(used)  # each refresh token once
    assert reload(account).error == ""


def test_a_refresh_token_is_stored_before_the_new_tokens_are_used(
    alice: Reader, account: MailAccount, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies after it has entered leaves tokens that are good still."""
    lasts(alice, account, 0)

    def die(*_: Any, **__: Any) -> Any:
        raise ConnectionFailed("unreachable")

    with monkeypatch.context() as dying:
        dying.setattr(connecting, "open_imap", die)
        assert sync_whole(account).error == "unreachable"
    assert tokens_of(alice, account).refresh in idp.refresh
    assert sync_whole(account).error == ""


def test_no_transaction_is_open_while_the_provider_answers(
    alice: Reader, account: MailAccount, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasts(alice, account, 0)
    outside = len(connection.savepoint_ids)  # the test's own transaction
    seen: list[int] = []
    refresh = endpoint.refresh

    def look(*args: Any) -> TokenSet:
        seen.append(len(connection.savepoint_ids))
        return refresh(*args)

    monkeypatch.setattr(endpoint, "refresh", look)
    assert sync_whole(account).error == ""
    assert seen == [outside]


def test_a_refresh_token_that_was_used_twice_ends_all_and_the_reader_is_asked(
    alice: Reader, account: MailAccount, idp: IdentityProvider
) -> None:
    """Somebody else had the old one: the provider takes both for stolen."""
    old = lasts(alice, account, 0)
    assert sync_whole(account).error == ""
    stolen = idp.post(
        "/token",
        {
            "grant_type": "refresh_token",
            "refresh_token": old.refresh,
            "client_id": "mail-helper",
            "client_secret": "a secret of the operator's",
        },
    )
    assert stolen.status == 400
    assert sync_whole(account).error == "token-revoked"
    assert (reload(account).state, reload(account).next_sync_at) == ("attention", None)


def test_a_revoked_permission_waits_for_the_reader_and_says_so(
    alice: Reader, account: MailAccount, box: Any, idp: IdentityProvider, settings: Any
) -> None:
    box.append([letter(1)])
    sync_whole(account)
    idp.end()
    assert sync_whole(account).error == "token-revoked"
    row = reload(account)
    assert (row.state, row.next_sync_at) == ("attention", None)
    assert len(mails(account)) == 1
    card = overview.card(alice.vault, row)
    assert card.problem == (
        "Google no longer allows this. Nothing here was changed. Continue with Google again."
    )
    assert card.ways.offered == (("google", "Google"),)
    entering.enter(alice.vault, settings.OAUTH_PROVIDERS["google"], ADDRESS, idp.permit(), row.pk)
    box.append([letter(2)])
    assert sync_whole(account).stored == 1


def test_a_server_that_refuses_fresh_tokens_too_waits_for_the_reader(
    alice: Reader, account: MailAccount, idp: IdentityProvider
) -> None:
    """As where IMAP is switched off at the provider."""
    idp.lifetime = 0
    idp.expire()
    assert sync_whole(account).error == "token-refused"
    assert reload(account).state == "attention"
    assert len(renewals(idp)) == 1
    assert "IMAP is switched on" in overview.card(alice.vault, reload(account)).problem


@pytest.mark.parametrize(
    ("trouble", "code", "least"),
    [
        (Reply(500), "token-server", 40),
        (Reply(503, b"", {"Retry-After": "600"}), "token-server", 540),
        (Reply(302, b"", {"Location": "https://localhost/elsewhere"}), "token-server", 40),
        (Reply(401, b'{"error": "invalid_client"}'), "token-client", 3000),
    ],
)
def test_trouble_at_the_provider_passes_by_itself(
    alice: Reader,
    account: MailAccount,
    idp: IdentityProvider,
    trouble: Reply,
    code: str,
    least: int,
) -> None:
    before = lasts(alice, account, 0)
    idp.trouble = trouble
    assert sync_whole(account).error == code
    row = reload(account)
    assert row.state == "active"
    assert row.next_sync_at is not None
    assert (row.next_sync_at - timezone.now()).total_seconds() > least
    assert tokens_of(alice, account) == before
    assert errortexts.text_of(code, "Google") in overview.card(alice.vault, row).problem
    idp.trouble = None
    assert sync_whole(account).error == ""


def test_a_provider_that_cannot_be_reached_is_asked_again(
    alice: Reader, account: MailAccount, post_office: Dovecot, settings: Any
) -> None:
    lasts(alice, account, 0)
    settings.ALLOWED_MAIL_NETWORKS = loopback(post_office.tls_port)
    assert sync_whole(account).error == "token-server"
    assert reload(account).state == "active"


def test_a_provider_that_was_switched_off_is_told(alice: Reader, account: MailAccount, settings: Any) -> None:
    lasts(alice, account, 0)
    settings.OAUTH_PROVIDERS = {}
    assert sync_whole(account).error == "provider-off"
    assert "switched Google off" in overview.card(alice.vault, reload(account)).problem


def test_whoever_was_overtaken_stores_no_tokens(
    alice: Reader,
    account: MailAccount,
    idp: IdentityProvider,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader continues with the provider again while a worker renews the old tokens."""
    lasts(alice, account, 0)
    fresh = idp.permit()
    refresh = endpoint.refresh

    def meanwhile(*args: Any) -> TokenSet:
        tokens = refresh(*args)
        entering.enter(alice.vault, settings.OAUTH_PROVIDERS["google"], ADDRESS, fresh, account.pk)
        return tokens

    monkeypatch.setattr(endpoint, "refresh", meanwhile)
    assert sync.run_unit(account.pk) is False
    assert tokens_of(alice, account) == fresh
    assert (reload(account).state, reload(account).error) == ("active", "")


def test_a_worker_reads_what_the_last_one_stored(
    alice: Reader, account: MailAccount, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is from before it had the lease."""
    old = lasts(alice, account, 0)
    take = lease.take

    def after_another(row: MailAccount) -> Any:
        fresh = endpoint.refresh(renewing.provider_of(row), old, loopback(idp.port))
        with acting_as(alice.user):
            renewing.keep(alice.vault, reload(account), fresh)
        return take(row)

    monkeypatch.setattr(lease, "take", after_another)
    assert sync.run_unit(account.pk) is False
    assert reload(account).error == ""
    assert renewals(idp) == [old.refresh]


def test_a_token_goes_to_its_providers_server_only(
    alice: Reader, account: MailAccount, settings: Any, idp: IdentityProvider
) -> None:
    """An account that is moved by continuing with the provider leaves the place where its password went."""
    provider = dataclasses.replace(settings.OAUTH_PROVIDERS["google"], imap=MailPlace("127.0.0.1", 1, "tls"))
    entering.enter(alice.vault, provider, ADDRESS, idp.permit(), account.pk)
    row = reload(account)
    assert (alice.vault.open_text(row, "host"), row.port) == ("127.0.0.1", 1)


def test_a_test_of_the_connection_takes_no_token_that_has_ended(
    alice: Reader, account: MailAccount, idp: IdentityProvider
) -> None:
    assert renewing.access_token(alice.vault, reload(account)) == tokens_of(alice, account).access
    lasts(alice, account, -1)
    with pytest.raises(TokenFailed, match="token-old"):
        renewing.access_token(alice.vault, reload(account))
    assert renewals(idp) == []
