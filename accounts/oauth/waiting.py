"""A request to a provider that waits for the reader to come back, and what must come back with it (RFC 9700).

It waits in the reader's session under the cookie's key, for ten minutes, and is good for one answer.
"""

import hmac
import json
import secrets
import time
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from accounts import unlocking
from accounts.door import ReaderRequest
from accounts.oauth import endpoint
from accounts.oauth.endpoint import Secrets
from accounts.oauth.providers import Provider

LASTS = 600  # seconds
_KEPT = "oauth"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was asked for. `account` is the mail account to enter, None for a new one."""

    secrets: Secrets
    account: int | None


def redirect_uri(provider: Provider) -> str:
    """Where a provider sends the reader back to: each to its own place, so that none can answer for another
    (RFC 9700 §4.4.2)."""
    return f"{settings.BASE_URL}{reverse('accounts:oauth_return', kwargs={'provider': provider.key})}"


def begin(request: ReaderRequest, provider: Provider, account: int | None = None, hint: str = "") -> str:
    """Keep a new request, instead of any that waited. The URL is where the browser goes."""
    # 32 bytes: 43 letters of RFC 7636's alphabet.
    fresh = Secrets(*(secrets.token_urlsafe(32) for _ in range(3)))
    kept = [provider.key, fresh.state, fresh.verifier, fresh.nonce, account, time.time() + LASTS]
    unlocking.keep(request, request.reader_session, _KEPT, json.dumps(kept))
    return endpoint.authorise_url(provider, fresh, redirect_uri(provider), hint)


def take(request: ReaderRequest, provider: Provider, state: str) -> Waiting | None:
    """What waited for this answer, which waits no longer; None where nothing did.

    An answer with another state takes nothing away: any page may send a browser here.
    """
    text = unlocking.kept(request, request.reader_session, _KEPT)
    if text is None:
        return None
    key, kept_state, verifier, nonce, account, until = json.loads(text)
    if not hmac.compare_digest(kept_state.encode(), state.encode("utf-8", "replace")):
        return None
    unlocking.forget(request, _KEPT)
    request.session.save()  # at once: a second request with the same answer finds nothing
    if key != provider.key or until < time.time():
        return None
    return Waiting(Secrets(kept_state, verifier, nonce), account)
