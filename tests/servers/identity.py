"""A small identity provider: OAuth 2 with PKCE, rotating refresh tokens, revocation, introspection; by TLS.

It takes what RFC 6749, 7009, 7636, 7662 and 9700 want it to take and nothing else: a code is good once, a
refresh token is good once, and one that comes a second time ends all that came of it.
"""

import base64
import hashlib
import html
import json
import secrets
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from accounts.oauth.providers import MailPlace, Provider
from accounts.oauth.tokens import TokenSet

CLIENT_ID, CLIENT_SECRET = "mail-helper", "a secret of the operator's"
MAIL_SCOPE = "https://mail.example/imap"


@dataclass
class Family:
    """What came of one permission. `alive` until it is revoked."""

    address: str
    scope: str
    alive: bool = True


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def as_json(values: dict[str, Any], status: int = 200) -> Reply:
    return Reply(status, json.dumps(values).encode(), {"Content-Type": "application/json"})


class OAuthError(Exception):
    """RFC 6749 §5.2."""


class IdentityProvider:
    """`url` is where it answers. `address` is who sits at it; `lifetime` of access tokens, in seconds.

    `trouble` is what the token endpoint answers instead, where it is set. `asked` are the paths and fields of
    all POSTs. Use as a context manager.
    """

    def __init__(self, context: ssl.SSLContext, redirect_base: str = "http://localhost:8000") -> None:
        self.redirect_base = redirect_base
        self.address = "alice@example.org"
        self.lifetime = 3600
        self.scope: str | None = None  # granted instead of what was asked for
        self.trouble: Reply | None = None
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.codes: dict[str, tuple[Family, dict[str, str]]] = {}
        self.refresh: dict[str, Family] = {}
        self.spent: dict[str, Family] = {}
        self.access: dict[str, tuple[Family, float]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"https://localhost:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> "IdentityProvider":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    # What tests do to it.

    def decide(self, url: str, allow: bool = True) -> str:
        """What the person at the page does; the address that the browser is sent to."""
        asked = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        self._check(asked)
        return self._decide(asked, allow)

    def permit(self) -> TokenSet:
        """The tokens of a fresh permission, as if the whole way had been gone."""
        answer = json.loads(self._give(Family(self.address, self.scope or MAIL_SCOPE)).body)
        until = time.time() + answer["expires_in"]
        return TokenSet(answer["access_token"], answer["refresh_token"], until, answer["scope"])

    def end(self) -> None:
        """The person takes back every permission."""
        for family in [*self.refresh.values(), *(family for family, _ in self.access.values())]:
            family.alive = False

    def expire(self) -> None:
        """Every access token is too old from now on."""
        self.access = {token: (family, 0.0) for token, (family, _) in self.access.items()}

    def posts(self, path: str) -> list[dict[str, str]]:
        """The fields of what was posted there."""
        return [fields for where, fields in self.asked if where == path]

    # What it answers.

    def get(self, path: str, query: dict[str, str]) -> Reply:
        if path != "/authorize":
            return Reply(404)
        try:
            self._check(query)
        except OAuthError as error:
            return Reply(400, f"<h1>{html.escape(str(error))}</h1>".encode(), {"Content-Type": "text/html"})
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in query.items()
        )
        page = (
            f"<!doctype html><title>Sign in</title><h1>Let Mail Helper read {html.escape(self.address)}?</h1>"
            f'<form method="post" action="/authorize">{hidden}<button name="decision" value="allow">Allow'
            '</button><button name="decision" value="deny">Deny</button></form>'
        )
        return Reply(200, page.encode(), {"Content-Type": "text/html"})

    def post(self, path: str, fields: dict[str, str]) -> Reply:
        with self._lock:
            self.asked.append((path, fields))
            try:
                return self._post(path, fields)
            except OAuthError as error:
                return as_json({"error": str(error), "error_description": "<b>not for readers</b>"}, 400)

    def _post(self, path: str, fields: dict[str, str]) -> Reply:
        if path == "/authorize":
            self._check(fields)
            return Reply(302, headers={"Location": self._decide(fields, fields["decision"] == "allow")})
        if path == "/token":
            return self.trouble or self._token(fields)
        if path == "/revoke":
            self._authenticate(fields)
            if family := self.refresh.get(fields.get("token", "")):
                family.alive = False
            return Reply()
        if path == "/introspect":
            return self._introspect(fields.get("token", ""))
        return Reply(404)

    def _check(self, asked: dict[str, str]) -> None:
        if asked.get("client_id") != CLIENT_ID:
            raise OAuthError("unauthorized_client")
        if not asked.get("redirect_uri", "").startswith(f"{self.redirect_base}/accounts/oauth/"):
            raise OAuthError("redirect_uri is not registered")
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            raise OAuthError("invalid_request")
        if len(asked.get("code_challenge", "")) != 43 or len(asked.get("state", "")) < 22:
            raise OAuthError("invalid_request")

    def _decide(self, asked: dict[str, str], allow: bool) -> str:
        if not allow:
            answer = {"error": "access_denied", "error_description": "<script>no</script>"}
        else:
            code = secrets.token_urlsafe(24)
            self.codes[code] = (Family(self.address, self.scope or asked["scope"]), asked)
            answer = {"code": code}
        return f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}"

    def _authenticate(self, fields: dict[str, str]) -> None:
        if (fields.get("client_id"), fields.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise OAuthError("invalid_client")

    def _token(self, fields: dict[str, str]) -> Reply:
        self._authenticate(fields)
        if fields.get("grant_type") == "authorization_code":
            family, asked = self._redeem(fields)
            return self._give(family, asked.get("nonce"))
        if fields.get("grant_type") == "refresh_token":
            return self._give(self._rotate(fields.get("refresh_token", "")))
        raise OAuthError("unsupported_grant_type")

    def _redeem(self, fields: dict[str, str]) -> tuple[Family, dict[str, str]]:
        if fields.get("code", "") not in self.codes:
            raise OAuthError("invalid_grant")
        family, asked = self.codes.pop(fields["code"])
        digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or fields.get("redirect_uri") != asked["redirect_uri"]:
            raise OAuthError("invalid_grant")
        return family, asked

    def _rotate(self, token: str) -> Family:
        if token in self.spent:
            self.spent[token].alive = False  # stolen, by one side or the other
        family = self.refresh.pop(token, None)
        if family is None or not family.alive:
            raise OAuthError("invalid_grant")
        self.spent[token] = family
        return family

    def _give(self, family: Family, nonce: str | None = None) -> Reply:
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.access[access] = (family, time.time() + self.lifetime)
        self.refresh[refresh] = family
        values = {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "scope": family.scope,
        }
        if nonce is not None:
            values["id_token"] = id_token({"aud": CLIENT_ID, "nonce": nonce, "email": family.address})
        return as_json(values)

    def _introspect(self, token: str) -> Reply:
        family, until = self.access.get(token, (None, 0.0))
        if family is None or not family.alive or until <= time.time():
            return as_json({"active": False})
        return as_json({"active": True, "username": family.address, "scope": family.scope})


def id_token(claims: dict[str, Any]) -> str:
    """Unsigned: it comes by TLS from where it was asked for."""
    parts = ({"alg": "none"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, ""])


def _handler(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self.reply(provider.get(parts.path, dict(parse_qsl(parts.query))))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self.reply(provider.post(urlsplit(self.path).path, dict(parse_qsl(body))))

        def reply(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Not to the tests' output."""

    return Handler


def provider_at(url: str, port: int) -> Provider:
    """The product's side of it: "Google", with its mail on a Dovecot's TLS port."""
    return Provider(
        key="google",
        name="Google",
        authorise_url=f"{url}/authorize",
        token_url=f"{url}/token",
        revoke_url=f"{url}/revoke",
        scopes=("openid", "email", MAIL_SCOPE),
        mail_scope=MAIL_SCOPE,
        imap=MailPlace("localhost", port, "tls"),
        smtp=MailPlace("localhost", 465, "tls"),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )
