"""Which mail servers a domain names in DNS (RFC 6186, RFC 8314 §5.1), and who takes in its mail.

Only the system's own name server is asked, and only about the domain: the mail address stays here.
"""

from dataclasses import dataclass

import dns.exception
import dns.resolver
from dns.resolver import Resolver

LIFETIME = 3.0  # seconds for one question


@dataclass(frozen=True, slots=True)
class Target:
    """Where a service is."""

    host: str
    port: int


def system_resolver() -> Resolver | None:
    """The system's name servers; None where it has none."""
    try:
        return Resolver()
    except dns.exception.DNSException:
        return None


def service(resolver: Resolver, name: str, domain: str) -> Target | None:
    """The first choice for "imaps", "imap", "submissions" or "submission"; None where it is not offered."""
    try:
        answer = _ask(resolver, f"_{name}._tcp.{domain}.", "SRV")
    except dns.exception.DNSException:
        return None
    first = min(answer, key=lambda record: (record.priority, -record.weight))
    host = first.target.to_text(omit_final_dot=True)
    # RFC 6186 §3.4: a target of "." says that there is none.
    return Target(host, first.port) if host not in ("", ".") else None


def exchangers(resolver: Resolver, domain: str) -> list[str]:
    """The names of the servers that take in the domain's mail, the preferred first."""
    try:
        answer = _ask(resolver, f"{domain}.", "MX")
    except dns.exception.DNSException:
        return []
    records = sorted(answer, key=lambda record: record.preference)
    return [record.exchange.to_text(omit_final_dot=True) for record in records]


def _ask(resolver: Resolver, name: str, kind: str) -> dns.resolver.Answer:
    return resolver.resolve(name, kind, lifetime=LIFETIME, search=False)
