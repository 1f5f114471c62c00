"""What a connection test found, step by step."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import errortexts
from accounts.connections import Tested

_NAME, _CONNECTION, _TLS, _IMAP, _SMTP, _LOGIN = "name", "connection", "tls", "imap", "smtp", "login"
_NAMES: dict[str, Promise] = {
    _NAME: _("Name and port"),
    _CONNECTION: _("Connection"),
    _TLS: _("Encryption"),
    _IMAP: _("IMAP"),
    _SMTP: _("SMTP"),
    _LOGIN: _("Sign-in"),
}
_ORDER = {
    "tls": (_NAME, _CONNECTION, _TLS, _IMAP, _LOGIN),
    "starttls": (_NAME, _CONNECTION, _IMAP, _TLS, _LOGIN),
    "none": (_NAME, _CONNECTION, _IMAP, _LOGIN),
}
_FAILS_AT = {
    "name-unknown": _NAME,
    "address-refused": _NAME,
    "port-refused": _NAME,
    "plaintext-refused": _NAME,
    "unreachable": _CONNECTION,
    "connect-timeout": _CONNECTION,
    "tls-failed": _TLS,
    "certificate-expired": _TLS,
    "certificate-self-signed": _TLS,
    "certificate-wrong-name": _TLS,
    "certificate-untrusted": _TLS,
    "starttls-missing": _TLS,
    "not-imap": _IMAP,
    "not-smtp": _IMAP,
    "server-busy": _IMAP,
    "server-closed": _IMAP,
    "login-refused": _LOGIN,
    "login-disabled": _LOGIN,
    "token-refused": _LOGIN,
    "token-unsupported": _LOGIN,
    "token-revoked": _LOGIN,
    "token-server": _LOGIN,
    "token-client": _LOGIN,
    "token-old": _LOGIN,
    "provider-off": _LOGIN,
}


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is "ok", "failed" or "skipped"."""

    name: str
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A whole test, in words. `sending` is that of the server for sending, where there is one."""

    ok: bool
    text: str
    steps: tuple[Step, ...] = ()
    sending: "Finding | None" = None


def of(tested: Tested, security: str) -> Finding:
    """The words for a test."""
    if tested.code == "ok":
        return Finding(True, gettext("The server takes user name and password."), _steps(security, ""))
    return Finding(
        False, errortexts.text_of(tested.code), _steps(security, _FAILS_AT.get(tested.code, _CONNECTION))
    )


def of_sending(tested: Tested, security: str, provider: str = "") -> Finding:
    """The words for a test of the server for sending."""
    if tested.code == "ok":
        text = gettext("The server for sending takes user name and password. Nothing was sent.")
        return Finding(True, text, _steps(security, "", _SMTP))
    failed = _FAILS_AT.get(tested.code, _CONNECTION)
    return Finding(False, errortexts.smtp_text_of(tested.code, provider), _steps(security, failed, _SMTP))


def _steps(security: str, failed: str, protocol: str = _IMAP) -> tuple[Step, ...]:
    steps, state = [], "ok"
    for key in _ORDER[security]:
        name = str(_NAMES[protocol if key == _IMAP else key])
        if key == failed:
            steps.append(Step(name, "failed"))
            state = "skipped"
        else:
            steps.append(Step(name, state))
    return tuple(steps)
