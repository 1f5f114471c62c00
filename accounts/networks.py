"""Where the server may connect: public addresses on the mail ports, and what the operator lists.

A host is the reader's to choose, so it must not become a way into the network that we stand in. The decision
is made on resolved addresses, and the very address that passed is connected to: a name that answers
differently a moment later (DNS rebinding) gains nothing, nor do odd spellings like 0x7f.1 or 2130706433.
"""

import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IMAP_PORTS = frozenset({143, 993})
SMTP_PORTS = frozenset({465, 587})
MAIL_PORTS = IMAP_PORTS | SMTP_PORTS
MAX_ENDPOINTS = 4  # each may take a whole time-out to fail

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
SockAddr = tuple[str, int] | tuple[str, int, int, int]

_ENTRY = re.compile(r"\[(?P<six>[^\]]+)\](?P<mask>/\d+)?(?::(?P<six_port>\d+))?|(?P<net>[^\[\]]+)")
_FORBIDDEN_IN_HOST = re.compile(r"[\x00-\x20\x7f/@\\]")

# Not for public mail although `is_global` lets some of them pass, differently from one Python to the next.
_NEVER_PUBLIC: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # shared address space; some clouds keep their metadata service there
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "240.0.0.0/4",
        "64:ff9b:1::/48",  # NAT64 of local use: leads into somebody's own network
        "100::/64",
        "2001::/32",  # Teredo
        "2001:10::/28",
        "2001:20::/28",
        "2001:db8::/32",
        "2002::/16",  # 6to4, given up by RFC 7526
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fec0::/10",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = IPv6Network("::/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214 §6.1


@dataclass(frozen=True, slots=True)
class AllowedNetwork:
    """One entry of ALLOWED_MAIL_NETWORKS. `port` None means the mail ports."""

    network: Network
    port: int | None = None

    def admits(self, address: Address, port: int, ports: frozenset[int]) -> bool:
        """Whether `address` and `port` are what this entry lists; `ports` are those of the protocol."""
        right_port = port in ports if self.port is None else port == self.port
        return right_port and address in self.network


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that may be connected to. `listed` says that the operator's list names it."""

    family: socket.AddressFamily
    sockaddr: SockAddr
    listed: bool


class NetworkRefused(Exception):
    """`code` is "name-unknown", "address-refused" (an IP address was given, not a name) or "port-refused"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_networks(entries: Iterable[str]) -> list[AllowedNetwork]:
    """Read entries like "10.0.0.0/8", "127.0.0.1/32:4143" or "[fd00::/8]:993". Raises ValueError.

    An address without a mask is that address alone; an entry without a port means the mail ports.
    """
    return [_parse_network(entry.strip()) for entry in entries if entry.strip()]


def ascii_host(host: str) -> str:
    """The name as it goes to DNS and into a certificate check (IDNA). Raises NetworkRefused."""
    host = host.strip().rstrip(".")
    if not host or len(host) > 253 or _FORBIDDEN_IN_HOST.search(host):
        raise NetworkRefused("name-unknown")
    if ":" in host:
        return host
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise NetworkRefused("name-unknown") from None


def resolve(
    host: str, port: int, allowed: Sequence[AllowedNetwork], *, ports: frozenset[int] = IMAP_PORTS
) -> list[Endpoint]:
    """One look-up of `host`; every answer must pass. Raises NetworkRefused.

    A name that leads into somebody's own network is "name-unknown", as one that leads nowhere: who may ask
    for any name would else learn which ones our own DNS knows.
    """
    name = ascii_host(host)
    endpoints: list[Endpoint] = []
    for family, address, sockaddr in _look_up(name, port):
        listed = any(entry.admits(address, port, ports) for entry in allowed)
        if not listed and not is_public(address):
            raise NetworkRefused(_why_refused(name, address, allowed))
        if not listed and port not in ports:
            raise NetworkRefused("port-refused")
        endpoints.append(Endpoint(family, sockaddr, listed))
    if not endpoints:
        raise NetworkRefused("name-unknown")
    return endpoints[:MAX_ENDPOINTS]


def is_public(address: Address) -> bool:
    """Whether `address`, and every IPv4 address that it carries inside, is one of the public internet."""
    return all(_plainly_public(each) for each in (address, *embedded(address))) and not _is_wrapper(address)


def embedded(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 address that an otherwise public IPv6 address leads to: NAT64 and ISATAP."""
    if isinstance(address, IPv4Address):
        return
    if address in _NAT64 or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def _parse_network(entry: str) -> AllowedNetwork:
    found = _ENTRY.fullmatch(entry)
    if not found:
        raise ValueError(f"{entry!r} is not a network: write 10.0.0.0/8, 127.0.0.1/32:4143 or [fd00::/8]:993")
    if found["six"]:
        network, port = found["six"] + (found["mask"] or ""), found["six_port"]
    elif entry.count(":") == 1:
        network, port = entry.split(":")
    else:
        network, port = entry, None
    return AllowedNetwork(ip_network(network), None if port is None else _port(port))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"{text!r} is not a port")
    return int(text)


def _look_up(host: str, port: int) -> Iterator[tuple[socket.AddressFamily, Address, SockAddr]]:
    if not 0 < port < 65536:
        raise NetworkRefused("port-refused")
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise NetworkRefused("name-unknown") from None
    for family, _, _, _, sockaddr in answers:
        if family in (socket.AF_INET, socket.AF_INET6):
            yield family, _unmapped(str(sockaddr[0])), sockaddr  # type: ignore[misc]


def _unmapped(text: str) -> Address:
    """The address, without a zone, and as IPv4 where it is only IPv4 in IPv6 dress."""
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _why_refused(name: str, address: Address, allowed: Sequence[AllowedNetwork]) -> str:
    """More than "name-unknown" only of a network that the operator lists, or of an IP address as such."""
    if any(address in entry.network for entry in allowed):
        return "port-refused"
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return "name-unknown"
    return "address-refused"


def _plainly_public(address: Address) -> bool:
    if address.is_multicast or address.is_reserved or any(address in network for network in _NEVER_PUBLIC):
        # 64:ff9b::/96 counts as reserved; what it leads to decides.
        return address in _NAT64
    return address.is_global


def _is_wrapper(address: Address) -> bool:
    """Forms that no public mail server has: IPv4 mapped, compatible and translated."""
    mapped = getattr(address, "ipv4_mapped", None) is not None
    return mapped or address in _COMPATIBLE or address in _TRANSLATED
