"""Where the mail of well-known providers is, and what each asks for before another program may fetch it.

Facts are the providers' own, as of November 2026. A domain that is missing here is looked for by
`accounts.autoconfig`.
"""

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Security = Literal["tls", "starttls"]
UserName = Literal["address", "local"]  # the whole mail address, or what stands before its @


@dataclass(frozen=True, slots=True)
class Place:
    """One server of a provider."""

    host: str
    port: int
    security: Security
    username: UserName = "address"


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider. `needs` are one or two sentences; `oauth` is a value of MailAccount.Auth, or ""."""

    name: str
    domains: tuple[str, ...]
    imap: Place
    smtp: Place
    needs: Promise
    oauth: str = ""
    mail_exchangers: tuple[str, ...] = ()  # by these a domain of the reader's own is known


def _tls(host: str, port: int, username: UserName = "address") -> Place:
    return Place(host, port, "tls", username)


def _starttls(host: str, port: int = 587, username: UserName = "address") -> Place:
    return Place(host, port, "starttls", username)


PRESETS: tuple[Preset, ...] = (
    Preset(
        "Gmail",
        ("gmail.com", "googlemail.com"),
        _tls("imap.gmail.com", 993),
        _tls("smtp.gmail.com", 465),
        _(
            "Gmail takes no ordinary password. Sign in with Google where that is offered here, or switch on "
            "two-step verification at Google and make an app password there."
        ),
        oauth="google",
        mail_exchangers=("google.com", "googlemail.com"),
    ),
    Preset(
        "Outlook.com",
        (
            "outlook.com", "outlook.de", "outlook.at", "outlook.fr", "outlook.it", "outlook.es", "outlook.be",
            "outlook.dk", "outlook.ie", "outlook.pt", "outlook.cz", "hotmail.com", "hotmail.de", "hotmail.at",
            "hotmail.ch", "hotmail.fr", "hotmail.it", "hotmail.es", "hotmail.be", "hotmail.nl", "hotmail.se",
            "hotmail.co.uk", "live.com", "live.de", "live.at", "live.fr", "live.it", "live.be", "live.nl",
            "live.dk", "live.se", "live.co.uk", "msn.com", "windowslive.com",
        ),
        _tls("outlook.office365.com", 993),
        _starttls("smtp-mail.outlook.com"),
        _(
            "Microsoft takes no passwords from mail programs any more: sign in with Microsoft. IMAP must be "
            "switched on in the settings of Outlook.com, under Forwarding and IMAP."
        ),
        oauth="microsoft",
        mail_exchangers=("olc.protection.outlook.com",),
    ),
    Preset(
        "Microsoft 365",
        ("onmicrosoft.com",),
        _tls("outlook.office365.com", 993),
        _starttls("smtp.office365.com"),
        _(
            "Microsoft takes no passwords from mail programs any more: sign in with Microsoft. Your "
            "organisation must allow IMAP."
        ),
        oauth="microsoft",
        mail_exchangers=("mail.protection.outlook.com",),
    ),
    Preset(
        "GMX",
        ("gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.eu", "gmx.org", "gmx.info", "gmx.biz"),
        _tls("imap.gmx.net", 993),
        _tls("mail.gmx.net", 465),
        _(
            "Switch on access by POP3 and IMAP in the mail settings at GMX first. With two-factor "
            "authentication there, make an application-specific password."
        ),
        mail_exchangers=("gmx.net",),
    ),
    Preset(
        "GMX",
        ("gmx.com", "gmx.us", "gmx.co.uk", "gmx.fr", "gmx.es", "gmx.it", "gmx.pt", "gmx.ie", "gmx.li"),
        _tls("imap.gmx.com", 993),
        _tls("mail.gmx.com", 465),
        _(
            "Switch on access by POP3 and IMAP in the mail settings at GMX first. With two-factor "
            "authentication there, make an application-specific password."
        ),
    ),
    Preset(
        "WEB.DE",
        ("web.de",),
        _tls("imap.web.de", 993, "local"),
        _tls("smtp.web.de", 465, "local"),
        _(
            "Switch on access by POP3 and IMAP in the mail settings at WEB.DE first. With two-factor "
            "authentication there, make an application-specific password."
        ),
    ),
    Preset(
        "Yahoo",
        (
            "yahoo.com", "yahoo.de", "yahoo.at", "yahoo.fr", "yahoo.it", "yahoo.es", "yahoo.se", "yahoo.ie",
            "yahoo.co.uk", "yahoo.co.in", "yahoo.com.au", "yahoo.com.br", "ymail.com", "rocketmail.com",
            "myyahoo.com",
        ),
        _tls("imap.mail.yahoo.com", 993),
        _tls("smtp.mail.yahoo.com", 465),
        _("Yahoo takes no ordinary password: make an app password in its account security settings."),
    ),
    Preset(
        "iCloud",
        ("icloud.com", "me.com", "mac.com"),
        _tls("imap.mail.me.com", 993, "local"),
        _starttls("smtp.mail.me.com"),
        _(
            "Apple takes no ordinary password: make an app-specific password in the sign-in settings of your "
            "Apple account. Two-factor authentication must be on there."
        ),
        mail_exchangers=("mail.icloud.com",),
    ),
    Preset(
        "Posteo",
        (
            "posteo.de", "posteo.net", "posteo.org", "posteo.eu", "posteo.com", "posteo.at", "posteo.ch",
            "posteo.me", "posteo.uk", "posteo.co.uk", "posteo.nl", "posteo.es", "posteo.it", "posteo.us",
        ),
        _tls("posteo.de", 993),
        _tls("posteo.de", 465),
        _(
            "The password is that of your Posteo account. Where you switched on additional mail account "
            "protection, allow access by other programs in its settings."
        ),
    ),
    Preset(
        "mailbox.org",
        ("mailbox.org",),
        _tls("imap.mailbox.org", 993),
        _tls("smtp.mailbox.org", 465),
        _(
            "The password is that of your mailbox. With two-factor authentication there, make an application "
            "password in the security settings."
        ),
        mail_exchangers=("mailbox.org",),
    ),
    Preset(
        "Fastmail",
        ("fastmail.com", "fastmail.fm", "fastmail.de", "fastmail.net", "fastmail.org", "fastmail.co.uk"),
        _tls("imap.fastmail.com", 993),
        _tls("smtp.fastmail.com", 465),
        _("Fastmail takes no ordinary password: make an app password in its settings, with access to mail."),
        mail_exchangers=("messagingengine.com",),
    ),
    Preset(
        "T-Online",
        ("t-online.de", "magenta.de"),
        _tls("secureimap.t-online.de", 993),
        _tls("securesmtp.t-online.de", 465),
        _(
            "T-Online wants its e-mail password here, which is set in the customer centre. The password of "
            "its website does not work."
        ),
    ),
)  # fmt: skip

_BY_DOMAIN = {domain: preset for preset in PRESETS for domain in preset.domains}
_BY_IMAP_HOST = {preset.imap.host: preset for preset in reversed(PRESETS)}


def by_domain(domain: str) -> Preset | None:
    """The provider whose customers have addresses at this domain (lower case)."""
    return _BY_DOMAIN.get(domain)


def by_exchanger(host: str) -> Preset | None:
    """The provider that takes in mail for a domain of somebody's own: by the name of its mail server."""
    host = host.lower().rstrip(".")
    for preset in PRESETS:
        if any(host == suffix or host.endswith("." + suffix) for suffix in preset.mail_exchangers):
            return preset
    return None


def by_imap_host(host: str) -> Preset | None:
    """The provider whose IMAP server this is."""
    return _BY_IMAP_HOST.get(host.lower())
