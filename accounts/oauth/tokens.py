"""Tokens as an account keeps them, read from what a token endpoint answers (RFC 6749 §5)."""

import base64
import binascii
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any, Self

from accounts.oauth.https import Answer

#: A token that ends sooner is renewed before it is used.
SOON = 60  # seconds
_HOUR, _MONTH = 3600, 30 * 24 * 3600
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")  # RFC 6749 appendix A.12, without the space
_MAX_WAIT = 24 * 3600

# RFC 6749 §5.2; the others are OpenID Connect's, and Microsoft's answers where somebody must sign in anew.
_REVOKED = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
_UNKNOWN_CLIENT = frozenset({"invalid_client", "unauthorized_client"})


class TokenFailed(Exception):
    """Why there are no tokens.

    Codes: token-revoked (only the reader can help), token-client (only the operator can), token-server (busy,
    broken or away: ask again), identity-missing (no address, or somebody else's), scope-missing (reading mail
    was not allowed), refresh-missing (what was allowed would end within the hour), provider-off.
    """

    def __init__(self, code: str, *, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after  # seconds


@dataclass(frozen=True, slots=True)
class TokenSet:
    """`expires_at` in seconds since the epoch. `scope` is "" where the provider gave what was asked for."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: float
    scope: str = ""

    def lasts(self, seconds: float = SOON) -> bool:
        """Whether the access token is good for so long."""
        return self.expires_at - time.time() > seconds

    def dump(self) -> bytes:
        """For MailAccount.token."""
        values = {
            "access": self.access,
            "refresh": self.refresh,
            "expires_at": self.expires_at,
            "scope": self.scope,
        }
        return json.dumps(values).encode()

    @classmethod
    def load(cls, stored: bytes) -> Self:
        """What `dump` gave."""
        return cls(**json.loads(stored))


def read_tokens(answer: Answer, refresh: str = "") -> tuple[TokenSet, str]:
    """Tokens and the id token ("" where there is none). `refresh` is good still where no new one comes.

    Raises TokenFailed.
    """
    said = _said(answer)
    access = said.get("access_token")
    if not _is_token(access) or str(said.get("token_type", "")).lower() != "bearer":
        raise TokenFailed("token-server")
    fresh = said.get("refresh_token")
    tokens = TokenSet(
        access=str(access),
        refresh=str(fresh) if _is_token(fresh) else refresh,
        expires_at=time.time() + _seconds(said.get("expires_in"), _HOUR, _MONTH),
        scope=str(said.get("scope") or ""),
    )
    return tokens, str(said.get("id_token") or "")


def read_address(id_token: str, client_id: str, nonce: str) -> str:
    """Whose mail it is, lower case. Raises TokenFailed.

    The token comes straight from the provider over TLS, which stands for its signature (OpenID Connect Core
    §3.1.3.7); that it was made for us and for this request is looked at.
    """
    claims = _claims(id_token)
    audience = claims.get("aud")
    for_us = client_id in audience if isinstance(audience, list) else client_id == audience
    # Microsoft leaves out "email" where an account has none of its own; its user name is one.
    address = str(claims.get("email") or claims.get("preferred_username") or "").strip()
    if not for_us or claims.get("nonce") != nonce or not _is_address(address):
        raise TokenFailed("identity-missing")
    return address.lower()


def _said(answer: Answer) -> dict[str, Any]:
    """The JSON object of a good answer. Raises TokenFailed for an error (RFC 6749 §5.2) or another answer."""
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        said = None
    said = said if isinstance(said, dict) else {}
    if answer.status == 200 and said:
        return said
    error = str(said.get("error"))
    if 400 <= answer.status < 500 and error in _REVOKED:
        raise TokenFailed("token-revoked")
    if answer.status == 401 or error in _UNKNOWN_CLIENT:
        raise TokenFailed("token-client")
    wait = answer.headers.get("retry-after", "")
    raise TokenFailed("token-server", retry_after=int(_seconds(wait, 0, _MAX_WAIT)) or None)


def _claims(id_token: str) -> dict[str, Any]:
    parts = id_token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        raise TokenFailed("identity-missing") from None
    return claims if isinstance(claims, dict) else {}


def _seconds(value: object, default: int, most: int) -> int:
    """A number of seconds as JSON or as text; what is none counts as the default."""
    text = str(value)
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 12 else default


def _is_token(value: object) -> bool:
    return isinstance(value, str) and bool(_TOKEN.fullmatch(value))


def _is_address(text: str) -> bool:
    before, at, behind = text.rpartition("@")
    return bool(before and at and behind) and len(text) <= 254 and text.isprintable() and " " not in text
