"""Reverse proxies that are believed: what they say of the client counts, others' word does not. Pure.

`TRUSTED_PROXIES` lists IP addresses and networks; `unix` means a proxy that comes over a socket file, whose
requests have no IP address. An empty list believes nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

_SOCKET = "unix"
_PREFIX = 64  # bits of an IPv6 address that one household or server has for itself (RFC 6177)
_NOWHERE = "::"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The operator's list."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    socket: bool = False

    def include(self, peer: str) -> bool:
        """Whether who is connected is one of them. "" is a peer without an IP address."""
        if not peer:
            return self.socket
        address = _read(peer)
        return address is not None and self._holds(address)

    def client(self, peer: str, forwarded: str) -> str:
        """The client's IP address out of the peer's and X-Forwarded-For.

        Each proxy adds on the right whom it was asked by: the right-most that is no proxy of ours is the last
        that one of ours saw itself, all further left is what the client may have written. Where a part is no
        IP address the peer's own counts.
        """
        if not self.include(peer):
            return _plain(peer)
        client = _plain(peer)
        for part in reversed(forwarded.split(",") if forwarded else []):
            address = _read(part.strip())
            if address is None:
                return _plain(peer)
            client = str(address)
            if not self._holds(address):
                break
        return client

    def _holds(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def parse_proxies(entries: Iterable[str]) -> Proxies:
    """Read entries like "127.0.0.1", "10.0.0.0/8", "fd00::/8" or "unix". Raises ValueError."""
    words = [entry.strip() for entry in entries if entry.strip()]
    networks = tuple(ip_network(word) for word in words if word != _SOCKET)
    return Proxies(networks, _SOCKET in words)


def counted(client: str) -> str:
    """What attempts are counted by: an IPv4 address, the /64 of an IPv6 one, "::" where there is none."""
    address = _read(client)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), _PREFIX), strict=False).network_address)
    return str(address or _NOWHERE)


def _read(text: str) -> Address | None:
    """The address, as IPv4 where it is only IPv4 in IPv6 dress; None where the text is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _plain(peer: str) -> str:
    return str(_read(peer) or "")
