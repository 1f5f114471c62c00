"""From the name of a server to its certificate: the same for IMAP and for sending."""

import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.connections import Server, dial, locate, wrapped
from accounts.networks import AllowedNetwork, Endpoint
from accounts.wire import Limits
from mail.doctor.report import Section

#: A reader waits for it, and a thread of the web server with them.
LIMITS = Limits(connect_seconds=5, silence_seconds=8, command_seconds=10, whole_seconds=12)
SLOW_MS = 1500
ENDS_SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Reached:
    """A connection: in TLS already where the account says so."""

    sock: socket.socket
    name: str


def reach(
    section: Section, server: Server, allowed: Sequence[AllowedNetwork], ports: frozenset[int]
) -> Reached:
    """Look up and connect. Raises ConnectionFailed."""
    name, endpoints = locate(server, allowed, ports=ports)
    section.add(_("Name"), "ok", _addresses(endpoints))
    began = time.monotonic()
    sock = dial(endpoints, LIMITS)
    add_time(section, _("Connection"), began, _("Connected in {ms} ms."))
    if server.security == "tls":
        sock = wrapped(sock, name, LIMITS)
        add_tls(section, sock)
    return Reached(sock, name)


def add_time(section: Section, name: str, began: float, words: str) -> None:
    """How long it took; slow is worth a warning."""
    ms = round((time.monotonic() - began) * 1000)
    slow = ms > SLOW_MS
    advice = _("That is slow. Syncs take longer, and nothing is lost.") if slow else ""
    section.add(name, "warn" if slow else "ok", words.format(ms=ms), advice)


def add_tls(section: Section, sock: socket.socket) -> None:
    """Version, cipher and certificate of a verified connection."""
    if not isinstance(sock, ssl.SSLSocket):
        section.add(
            _("Encryption"), "warn", _("None. The operator lists this server, so it is allowed."),
            _("Whoever is on the way can read along. Use TLS where the server offers it."),
        )  # fmt: skip
        return
    cipher = sock.cipher()
    words = _("{version} with {cipher}.")
    section.add(
        _("Encryption"), "ok", words.format(version=sock.version(), cipher=cipher[0] if cipher else "")
    )
    _add_certificate(section, sock.getpeercert() or {})


def _addresses(endpoints: Sequence[Endpoint]) -> str:
    ips = ", ".join(str(endpoint.sockaddr[0]) for endpoint in endpoints)
    if all(endpoint.listed for endpoint in endpoints):
        return _("The name leads to {ips}, which the operator lists.").format(ips=ips)
    return _("The name leads to {ips}. All of them are public.").format(ips=ips)


def _add_certificate(section: Section, certificate: Any) -> None:
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    soon = ends - timezone.now() < ENDS_SOON
    text = _("Issued by {issuer}, valid until {day}.").format(
        issuer=_issuer(certificate), day=date_format(timezone.localtime(ends), "DATE_FORMAT")
    )
    advice = _("It ends soon. Servers mostly renew it by themselves; if not, mail stops then.")
    section.add(_("Certificate"), "warn" if soon else "ok", text, advice if soon else "")


def _issuer(certificate: Any) -> str:
    names = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    name = names.get("organizationName") or names.get("commonName") or _("an authority without a name")
    return "".join(letter for letter in str(name) if letter.isprintable())[:100]
