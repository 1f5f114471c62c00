"""Where the server may connect: public addresses on the mail ports, and what the operator lists."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

IMAP_PORTS = frozenset({143, 993})
SMTP_PORTS = frozenset({465, 587})


@dataclass(frozen=True, slots=True)
class AllowedNetwork:
    """One entry of ALLOWED_MAIL_NETWORKS. `port` None means the mail ports."""

    network: IPv4Network | IPv6Network
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that may be connected to. `listed` says that the operator's list names it."""

    family: socket.AddressFamily
    sockaddr: tuple[str, int] | tuple[str, int, int, int]
    listed: bool


class NetworkRefused(Exception):
    """`code` is "name-unknown", "address-refused" or "port-refused"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_networks(entries: Iterable[str]) -> list[AllowedNetwork]:
    """Read entries like "10.0.0.0/8", "127.0.0.1/32:4143", "[fd00::/8]:993". Raises ValueError."""
    raise NotImplementedError


def resolve(
    host: str, port: int, allowed: Sequence[AllowedNetwork], *, ports: frozenset[int] = IMAP_PORTS
) -> list[Endpoint]:
    """One look-up of `host`; every answer must pass. Raises NetworkRefused."""
    raise NotImplementedError
