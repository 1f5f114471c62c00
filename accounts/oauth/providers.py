"""Whom readers can sign in with to reach their mail, and where that is.

Addresses and scopes as Google ("Using OAuth 2.0 to access Google APIs", "IMAP, POP and SMTP") and Microsoft
("Authenticate an IMAP, POP or SMTP connection using OAuth") document them. An operator registers the
installation there and gives its id and secret in the environment.
"""

from dataclasses import dataclass, field
from urllib.parse import quote

#: Those that we know, whether or not the operator has registered there.
NAMES = {"google": "Google", "microsoft": "Microsoft"}


@dataclass(frozen=True, slots=True)
class MailPlace:
    """A mail server: `security` as in accounts.connections."""

    host: str
    port: int
    security: str


@dataclass(frozen=True, slots=True)
class Provider:
    """One authorisation server with its mail servers. `key` is MailAccount.auth.

    `mail_scope` is what no mail can be read without. `asks` are parameters of its own for the authorisation
    request. `revoke_url` (RFC 7009) is None where there is none.
    """

    key: str
    name: str
    authorise_url: str
    token_url: str
    revoke_url: str | None
    scopes: tuple[str, ...]
    mail_scope: str
    imap: MailPlace
    smtp: MailPlace
    client_id: str
    client_secret: str = field(repr=False)
    asks: tuple[tuple[str, str], ...] = ()


def google(client_id: str, client_secret: str) -> Provider:
    """Google. It gives a refresh token only where one is asked for, each time."""
    mail = "https://mail.google.com/"
    return Provider(
        key="google",
        name=NAMES["google"],
        authorise_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106  (a place, no secret)
        revoke_url="https://oauth2.googleapis.com/revoke",
        scopes=("openid", "email", mail),
        mail_scope=mail,
        imap=MailPlace("imap.gmail.com", 993, "tls"),
        smtp=MailPlace("smtp.gmail.com", 465, "tls"),
        client_id=client_id,
        client_secret=client_secret,
        asks=(("access_type", "offline"), ("prompt", "consent")),
    )


def microsoft(client_id: str, client_secret: str, tenant: str = "common") -> Provider:
    """Microsoft. `tenant`: "common" is everybody's, else the id or domain of an organisation."""
    login = f"https://login.microsoftonline.com/{quote(tenant, safe='')}/oauth2/v2.0"
    mail = "https://outlook.office.com/IMAP.AccessAsUser.All"
    return Provider(
        key="microsoft",
        name=NAMES["microsoft"],
        authorise_url=f"{login}/authorize",
        token_url=f"{login}/token",
        revoke_url=None,
        scopes=("openid", "email", "offline_access", mail, "https://outlook.office.com/SMTP.Send"),
        mail_scope=mail,
        imap=MailPlace("outlook.office365.com", 993, "tls"),
        smtp=MailPlace("smtp.office365.com", 587, "starttls"),
        client_id=client_id,
        client_secret=client_secret,
        asks=(("prompt", "select_account"),),
    )


def registered(*providers: Provider) -> dict[str, Provider]:
    """Those whose client id the operator has given, by key."""
    return {provider.key: provider for provider in providers if provider.client_id}
