"""What is asked of a provider: the authorisation request (RFC 6749 §4.1, RFC 7636), tokens, revocation.

Nothing here runs inside a transaction or keeps anything. No answer's text leaves: errors are codes.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from accounts.networks import AllowedNetwork
from accounts.oauth.https import SECONDS, Answer, HttpsFailed, post_form
from accounts.oauth.providers import Provider
from accounts.oauth.tokens import TokenFailed, TokenSet, read_address, read_tokens

logger = logging.getLogger(__name__)

REVOKE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Secrets:
    """What ties an answer to its request: `state` comes back with it, `verifier` proves that we asked
    (RFC 7636), `nonce` stands in the id token."""

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)


def authorise_url(provider: Provider, secrets: Secrets, redirect_uri: str, hint: str = "") -> str:
    """Where the reader's browser goes. `hint` is the mail address to offer first."""
    url: str = prepare_grant_uri(
        provider.authorise_url,
        client_id=provider.client_id,
        response_type="code",
        redirect_uri=redirect_uri,
        scope=" ".join(provider.scopes),
        state=secrets.state,
        nonce=secrets.nonce,
        code_challenge=create_s256_code_challenge(secrets.verifier),
        code_challenge_method="S256",
        login_hint=hint or None,
        **dict(provider.asks),
    )
    return url


def exchange(
    provider: Provider,
    code: str,
    secrets: Secrets,
    redirect_uri: str,
    allowed: Sequence[AllowedNetwork],
) -> tuple[TokenSet, str]:
    """Tokens for a code, and the address that they are for. Raises TokenFailed."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": secrets.verifier,
    }
    tokens, id_token = read_tokens(_post(provider, fields, allowed))
    if tokens.scope and provider.mail_scope not in tokens.scope.split():
        raise TokenFailed("scope-missing")
    if not tokens.refresh:
        raise TokenFailed("refresh-missing")
    return tokens, read_address(id_token, provider.client_id, secrets.nonce)


def refresh(provider: Provider, tokens: TokenSet, allowed: Sequence[AllowedNetwork]) -> TokenSet:
    """Fresh tokens (RFC 6749 §6). The old refresh token may be worth nothing from now on: store the new one.

    Raises TokenFailed.
    """
    fields = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
    return read_tokens(_post(provider, fields, allowed), tokens.refresh)[0]


def revoke(provider: Provider, tokens: TokenSet, allowed: Sequence[AllowedNetwork]) -> None:
    """Tell the provider that the tokens are of no more use (RFC 7009). Best effort: raises nothing."""
    if provider.revoke_url is None:
        return
    fields = {"token": tokens.refresh, "token_type_hint": "refresh_token", **_client(provider)}
    try:
        status = post_form(provider.revoke_url, fields, allowed=allowed, seconds=REVOKE_SECONDS).status
    except HttpsFailed as failed:
        logger.info("%s was not told that a token is revoked: %s", provider.key, failed.code)
        return
    if status != 200:
        logger.info("%s did not revoke a token: status %s", provider.key, status)


def _post(provider: Provider, fields: dict[str, str], allowed: Sequence[AllowedNetwork]) -> Answer:
    accept = {"Accept": "application/json"}
    try:
        return post_form(
            provider.token_url,
            {**fields, **_client(provider)},
            allowed=allowed,
            headers=accept,
            seconds=SECONDS,
        )
    except HttpsFailed as failed:
        logger.info("No answer from the token endpoint of %s: %s", provider.key, failed.code)
        raise TokenFailed("token-server") from None


def _client(provider: Provider) -> dict[str, str]:
    named = {"client_id": provider.client_id}
    return {**named, "client_secret": provider.client_secret} if provider.client_secret else named
