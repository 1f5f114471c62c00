"""The server for sending: reached and entered. No mail is sent."""

import time
from collections.abc import Sequence

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts import errortexts, smtp
from accounts.connections import ConnectionFailed, Server
from accounts.networks import SMTP_PORTS, AllowedNetwork
from mail.doctor import abilities, reaching
from mail.doctor.report import Section


def examine(server: Server, allowed: Sequence[AllowedNetwork], provider: str = "") -> Section:
    """What is found; where it fails it says so and ends."""
    section = Section(_("Sending"))
    try:
        reached = reaching.reach(section, server, allowed, SMTP_PORTS)
        began = time.monotonic()
        client = smtp.greet_and_enter(reached.sock, server, reached.name, reaching.LIMITS)
    except ConnectionFailed as failed:
        section.add(_("Outcome"), "bad", errortexts.smtp_text_of(failed.code, provider))
        return section
    if server.security != "tls" and client.sock:
        reaching.add_tls(section, client.sock)
    reaching.add_time(section, _("Sign-in"), began, _("Signed in in {ms} ms."))
    _add_size(section, str(client.esmtp_features.get("size", "")))
    abilities.add_smtp(section, {name.upper() for name in client.esmtp_features})
    smtp.close(client)
    return section


def _add_size(section: Section, most: str) -> None:
    """RFC 1870."""
    if most.isascii() and most.isdecimal() and len(most) < 16 and int(most):
        megabytes = number_format(int(most) // 1_000_000, force_grouping=True)
        section.add(_("Largest mail"), "ok", _("{n} MB").format(n=megabytes))
