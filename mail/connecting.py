"""From an account's row to a session on its server: by its password, or by a provider's token that is fresh.

No transaction is open while a server or a provider answers.
"""

from dataclasses import replace
from typing import cast

from django.conf import settings

from accounts.connections import Client, ConnectionFailed, Security, Server, open_imap
from accounts.keyring import WorkerKeys
from accounts.models import MailAccount
from accounts.oauth import renewing
from accounts.oauth.tokens import TokenFailed, TokenSet
from accounts.ownership import acting_as
from mail.lease import Lease

#: Of TokenFailed: another try without a change by somebody is of no use.
_HOPELESS = frozenset({"token-revoked", "token-client", "provider-off"})


def connect(account: MailAccount, keys: WorkerKeys, lease: Lease) -> Client:
    """A session. Raises ConnectionFailed, with the codes of TokenFailed too, and LeaseLost."""
    if account.auth == MailAccount.Auth.PASSWORD:
        return _open(_server_of(account, keys))
    try:
        return _connect_by_token(account, keys, lease)
    except TokenFailed as failed:
        raise ConnectionFailed(
            failed.code, permanent=failed.code in _HOPELESS, retry_after=failed.retry_after
        ) from None


def _connect_by_token(account: MailAccount, keys: WorkerKeys, lease: Lease) -> Client:
    """A token that ends soon is renewed first, one that the server refuses once: then it is final."""
    with acting_as(account.owner_id):
        lease.hold()
        account.refresh_from_db(fields=["token"])  # whoever had the lease before may have renewed it
    tokens = renewing.tokens_of(keys, account)
    if tokens.lasts():
        try:
            return _open(_server_of(account, keys, tokens))
        except ConnectionFailed as failure:
            if failure.code != "token-refused":
                raise
    tokens = renewing.renew(keys, account, tokens, lease.hold)
    try:
        return _open(_server_of(account, keys, tokens))
    except ConnectionFailed as failure:
        failure.permanent = failure.permanent or failure.code == "token-refused"
        raise


def _open(server: Server) -> Client:
    return open_imap(server, allowed=settings.ALLOWED_MAIL_NETWORKS)


def _server_of(account: MailAccount, keys: WorkerKeys, tokens: TokenSet | None = None) -> Server:
    """Where the account is. Raises ConnectionFailed("login-refused") where no password is kept."""
    place = Server(
        host=keys.open_text(account, "host"),
        port=account.port,
        security=cast(Security, account.security),
        username=keys.open_text(account, "username"),
        password="",
    )
    if tokens is not None:
        return replace(place, token=tokens.access)
    if account.password is None:
        raise ConnectionFailed("login-refused", permanent=True)
    return replace(place, password=keys.open_text(account, "password"))
