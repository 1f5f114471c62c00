"""The tokens of an account: kept sealed, renewed in time, given back when they are of no more use.

A refresh token may be good for one use (RFC 9700 §4.14): only the holder of the account's lease renews, and
stores what came before it is used. Where a worker dies between answer and commit, the provider takes the old
one for stolen, and the reader is asked to allow it again.
"""

from collections.abc import Callable

from django.conf import settings
from django.db import transaction

from accounts.keyring import WorkerKeys
from accounts.models import MailAccount
from accounts.oauth import endpoint
from accounts.oauth.providers import Provider
from accounts.oauth.tokens import TokenFailed, TokenSet
from accounts.ownership import acting_as
from accounts.sealing import CannotOpen


def provider_of(row: MailAccount) -> Provider:
    """Who signs the reader in. Raises TokenFailed("provider-off")."""
    provider: Provider | None = settings.OAUTH_PROVIDERS.get(row.auth)
    if provider is None:
        raise TokenFailed("provider-off")
    return provider


def tokens_of(keys: WorkerKeys, row: MailAccount) -> TokenSet:
    """What the row keeps. Raises TokenFailed("token-revoked") where that is nothing, CannotOpen."""
    if row.token is None:
        raise TokenFailed("token-revoked")
    return TokenSet.load(keys.open_secret(row, "token"))


def renew(keys: WorkerKeys, row: MailAccount, tokens: TokenSet, hold: Callable[[], None]) -> TokenSet:
    """Fresh tokens, stored. `hold` makes sure of the lease in the transaction that stores them.

    Raises TokenFailed, and what `hold` raises.
    """
    fresh = endpoint.refresh(provider_of(row), tokens, settings.ALLOWED_MAIL_NETWORKS)
    with acting_as(row.owner_id):
        hold()
        keep(keys, row, fresh)
    return fresh


def keep(keys: WorkerKeys, row: MailAccount, tokens: TokenSet) -> None:
    """Seal and store."""
    row.token = keys.seal_secret(row, "token", tokens.dump())
    MailAccount.objects.for_user(row.owner_id).filter(pk=row.pk).update(token=row.token)


def access_token(keys: WorkerKeys, row: MailAccount) -> str:
    """The access token for a test of the connection. Raises TokenFailed: "token-old" where it must be renewed
    first, which is the sync's business."""
    tokens = tokens_of(keys, row)
    if not tokens.lasts(0):
        raise TokenFailed("token-old")
    return tokens.access


def give_back(keys: WorkerKeys, row: MailAccount) -> None:
    """Tell the provider, once the transaction is committed, that the row's tokens are of no more use.

    To be called before they are wiped. Best effort: tokens that do not open are left at that, and so is a
    provider that does not answer within seconds.
    """
    if row.token is None or row.auth not in settings.OAUTH_PROVIDERS:
        return
    try:
        provider, tokens = provider_of(row), tokens_of(keys, row)
    except CannotOpen:
        return
    transaction.on_commit(lambda: endpoint.revoke(provider, tokens, settings.ALLOWED_MAIL_NETWORKS))
