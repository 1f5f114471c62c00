"""A provider's own settings file for mail programs (Mozilla's config-v1.1.xml), read. Pure.

It comes from anywhere: sizes are bounded, a DOCTYPE is refused (so no entity can grow or reach out), and only
what a form could hold comes out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

MAX_BYTES = 64 * 1024
MAX_TEXT = 320

Security = Literal["tls", "starttls"]
# "plain" is left out on purpose: nobody is led to send a password in clear.
_SECURITY: dict[str, Security] = {"SSL": "tls", "TLS": "tls", "STARTTLS": "starttls"}


class Unreadable(Exception):
    """It is no such file."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server that the file names. `username` is filled in; `oauth` says that it takes tokens only."""

    host: str
    port: int
    security: Security
    username: str
    oauth: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The first usable servers of each kind, TLS before STARTTLS, in the file's order."""

    imap: Server | None
    smtp: Server | None


def read(data: bytes, address: str) -> Settings:
    """The file's settings for `address`. Raises Unreadable."""
    if len(data) > MAX_BYTES:
        raise Unreadable
    try:
        root = ElementTree.fromstring(data, parser=ElementTree.XMLParser(target=_Builder()))  # noqa: S314  (no DOCTYPE)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise Unreadable from None
    if root.tag != "clientConfig":
        raise Unreadable
    return Settings(
        imap=_best(root.iterfind("./emailProvider/incomingServer[@type='imap']"), address),
        smtp=_best(root.iterfind("./emailProvider/outgoingServer[@type='smtp']"), address),
    )


class _Builder(ElementTree.TreeBuilder):
    """Refuses a DOCTYPE when it begins, before any of its entities is known."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Never welcome."""
        raise ValueError("a DOCTYPE")


def _best(elements: Iterator[ElementTree.Element], address: str) -> Server | None:
    servers = [server for element in elements if (server := _server(element, address))]
    return min(servers, key=lambda server: server.security != "tls", default=None)


def _server(element: ElementTree.Element, address: str) -> Server | None:
    security = _SECURITY.get(_text(element, "socketType").upper())
    port = _text(element, "port")
    host = _filled(_text(element, "hostname"), address)
    if not security or not host or not (port.isascii() and port.isdecimal() and len(port) <= 5):
        return None
    ways = {(way.text or "").strip() for way in element.iterfind("authentication")}
    username = _filled(_text(element, "username"), address) or address
    return Server(host, int(port), security, username, oauth=bool(ways) and ways <= {"OAuth2"})


def _text(element: ElementTree.Element, name: str) -> str:
    text = (element.findtext(name) or "").strip()
    return text if len(text) <= MAX_TEXT and text.isprintable() else ""


def _filled(text: str, address: str) -> str:
    local, _, domain = address.rpartition("@")
    for name, value in (("ADDRESS", address), ("LOCALPART", local), ("DOMAIN", domain)):
        text = text.replace(f"%EMAIL{name}%", value)
    return "" if "%" in text else text
