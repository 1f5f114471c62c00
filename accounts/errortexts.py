"""What error codes mean to the reader: what failed, what is safe, what to do."""

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

#: Codes of accounts.connections.ConnectionFailed.
CONNECTION: dict[str, Promise] = {
    "name-unknown": _(
        "No public mail server of this name was found. Nothing was sent to anybody. Check how the name is "
        "spelt. Only the operator can allow a server inside the operator's own network."
    ),
    "address-refused": _(
        "This IP address is not a public one. Nothing was sent there. Only the operator can allow it."
    ),
    "port-refused": _("Mail servers answer at port 993 or 143. Other ports must be listed by the operator."),
    "plaintext-refused": _(
        "Without encryption the password could be read on its way. It was not sent. Choose TLS or STARTTLS."
    ),
    "unreachable": _(
        "The server does not answer at this port. Nothing was changed. Check server and port, or try later."
    ),
    "connect-timeout": _(
        "The server took too long to answer. Nothing was changed. Check server and port, or try later."
    ),
    "tls-failed": _(
        "The server does not speak TLS at this port. The password was not sent. TLS usually is port 993, "
        "STARTTLS port 143."
    ),
    "certificate-expired": _(
        "The server's certificate has expired or is not valid yet. The password was not sent. The server's "
        "operator must renew it."
    ),
    "certificate-self-signed": _(
        "The server's certificate is signed by nobody but itself. The password was not sent. The server "
        "needs a certificate of a known authority."
    ),
    "certificate-wrong-name": _(
        "The certificate belongs to a server of another name. The password was not sent. Use the name that "
        "the provider gives for IMAP."
    ),
    "certificate-untrusted": _(
        "The server's certificate comes from an authority that is not known here. The password was not sent. "
        "Check the server's name, or ask its operator."
    ),
    "starttls-missing": _(
        "The server offers no STARTTLS. The password was not sent. Choose TLS and port 993."
    ),
    "not-imap": _(
        "Something answers there, but it is not IMAP. The password was not sent. Check server and port."
    ),
    "login-refused": _(
        "The server refused the password. Nothing was changed. Enter it again or use an app password."
    ),
    "login-disabled": _(
        "The server takes no password on this connection. It was not sent. Choose TLS, or make an app "
        "password at the provider."
    ),
    "server-busy": _(
        "The server is busy or allows no further connection. Nothing was changed. Try again later."
    ),
    "server-closed": _("The server ended the connection. Nothing was changed. Try again later."),
}

#: Codes of an account that is entered by OAuth 2, with the provider's name: accounts.oauth.renewing.
OAUTH: dict[str, Promise] = {
    "token-refused": _(
        "The mail server of {provider} does not let us in. Nothing was changed. Check there that IMAP is "
        "switched on, then continue with {provider} again."
    ),
    "token-unsupported": _(
        "This mail server takes no sign-in by {provider}. Nothing was sent to it. Use a password instead."
    ),
    "token-revoked": _(
        "{provider} no longer allows this. Nothing here was changed. Continue with {provider} again."
    ),
    "token-server": _(
        "{provider} gives no new permission just now. What was stored is safe; it is asked again."
    ),
    "token-client": _(
        "{provider} does not know this installation any more. What was stored is safe. Tell the operator."
    ),
    "token-old": _(
        "The permission of {provider} must be renewed first. Nothing was changed. Press Sync now, then test "
        "again."
    ),
    "provider-off": _(
        "The operator has switched {provider} off here. What was stored is safe. Tell the operator, or use "
        "an app password."
    ),
}

#: Codes of accounts.smtp where they mean something else, or need other advice, than for IMAP.
SMTP: dict[str, Promise] = {
    "port-refused": _(
        "Servers for sending answer at port 465 or 587. Other ports must be listed by the operator."
    ),
    "unreachable": _(
        "The server for sending does not answer at this port. Nothing was sent. Check server and port, or "
        "try later."
    ),
    "connect-timeout": _(
        "The server for sending took too long to answer. Nothing was sent. Check server and port, or try "
        "later."
    ),
    "tls-failed": _(
        "The server does not speak TLS at this port. The password was not sent. TLS usually is port 465, "
        "STARTTLS port 587."
    ),
    "certificate-wrong-name": _(
        "The certificate belongs to a server of another name. The password was not sent. Use the name that "
        "the provider gives for SMTP."
    ),
    "starttls-missing": _(
        "The server offers no STARTTLS. The password was not sent. Choose TLS and port 465."
    ),
    "not-smtp": _(
        "Something answers there, but it is no server for sending. The password was not sent. Check server "
        "and port."
    ),
}

#: Codes of a sync: mail.imap.errors.SyncError, and those that the sync itself gives.
SYNC: dict[str, Promise] = {
    "connection-lost": _("The connection broke off. What was stored is safe; the rest follows."),
    "too-slow": _("The server answers too slowly. What was stored is safe; the rest follows."),
    "too-much": _("The server sent more than it was asked for. What was stored is safe; the rest follows."),
    "throttled": _("The server asks to come back later. What was stored is safe; the rest follows."),
    "folder-gone": _("A folder went away while it was read. What was stored is safe."),
    "folder-refused": _("The server does not open one of the folders. The mail of the others is here."),
    "refused": _("The server refused to give mail. What was stored is safe; it is asked again."),
    "protocol": _("The server's answer could not be understood. What was stored is safe; it is asked again."),
    "keeps-failing": _(
        "The sync broke off three times in a row and was put aside. What was stored is safe. Press Sync now "
        "to try again, or tell the operator."
    ),
    "imported": _(
        "This account came with an import. Its mail is here. Edit it and enter the password to sync it, or "
        "leave it as it is."
    ),
    "resting": _("An import brings mail in. The sync goes on when it is done."),
    "inbox-missing": _(
        "The server lists no inbox. Nothing was removed here. Check at the provider that IMAP is switched on."
    ),
}

UNKNOWN = _("The sync did not come to its end. What was stored is safe; it is tried again.")


def smtp_text_of(code: str, provider: str = "") -> str:
    """The same for the server that mail is sent through."""
    return str(SMTP[code]) if code in SMTP else text_of(code, provider)


def text_of(code: str, provider: str = "") -> str:
    """The sentences for a code; "" for none. `provider` is who signs the reader in, where it is not us."""
    if not code:
        return ""
    if code in OAUTH:
        return str(OAUTH[code]).format(provider=provider or gettext("The provider"))
    return str(CONNECTION.get(code) or SYNC.get(code) or UNKNOWN)
