"""Where the mail of an address is: known providers, then DNS, then the provider's own settings file.

No third party is asked: it would learn the address. What is found only fills in a form, whose rules hold for
it as for what a reader types; the reader sees it before any password goes there.
"""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from dns.resolver import Resolver

from accounts import presets, settingsxml, srv
from accounts.networks import IMAP_PORTS, SMTP_PORTS, AllowedNetwork, NetworkRefused, ascii_host
from accounts.oauth import https
from accounts.oauth.https import HttpsFailed
from accounts.presets import Place, Preset
from accounts.settingsxml import Server, Settings, Unreadable

Source = Literal["preset", "hosted", "dns", "file", "none"]

SECONDS = 8.0  # for all of it
_NAME = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*")  # no IP address: the last part is no number
_FILE_SECONDS = 4.0
_SERVICES = ("imaps", "imap", "submissions", "submission")
_URLS = (
    "https://autoconfig.{domain}/mail/config-v1.1.xml",
    "https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for an address.

    `source`: "preset" (a known provider of this domain), "hosted" (a known provider takes in its mail),
    "dns", "file" (the provider's settings file), "none". `preset` where one is known. `foreign`: a server is
    not below the address's own domain, as DNS or a file may say of anybody.
    """

    source: Source
    domain: str
    imap: Server | None = None
    smtp: Server | None = None
    preset: Preset | None = None
    foreign: bool = False


def find(
    address: str,
    *,
    allowed: Sequence[AllowedNetwork],
    resolver: Resolver | None = None,
    get: Callable[..., https.Answer] = https.get,
) -> Found:
    """Look for an address's servers; takes SECONDS at most. Raises nothing of its own."""
    ends = time.monotonic() + SECONDS
    domain = _domain(address)
    if preset := presets.by_domain(domain):
        return _of_preset(preset, address, domain, "preset")
    if not domain:
        return Found("none", domain)
    resolver = resolver or srv.system_resolver()
    *targets, exchangers = _ask_dns(resolver, domain, ends) if resolver else [None] * 5
    if found := _checked("dns", _of_targets(targets, address), domain, allowed):
        return found
    for settings in _files(address, domain, ends, partial(get, allowed=allowed)):
        if found := _checked("file", settings, domain, allowed):
            return found
    hosts = [preset for host in exchangers or () if (preset := presets.by_exchanger(host))]
    return _of_preset(hosts[0], address, domain, "hosted") if hosts else Found("none", domain)


def _domain(address: str) -> str:
    """The domain as DNS knows it, "" where it is none."""
    try:
        name = ascii_host(address.rpartition("@")[2])
    except NetworkRefused:
        return ""
    return name if _NAME.fullmatch(name) else ""


def _of_preset(preset: Preset, address: str, domain: str, source: Source) -> Found:
    own = source == "preset"  # at another domain the part before the @ names nobody
    imap, smtp = (_at(place, address, own) for place in (preset.imap, preset.smtp))
    return Found(source, domain, imap, smtp, preset)


def _at(place: Place, address: str, own: bool) -> Server:
    local = own and place.username == "local"
    return Server(place.host, place.port, place.security, address.rpartition("@")[0] if local else address)


def _ask_dns(resolver: Resolver, domain: str, ends: float) -> list[Any]:
    """What DNS says of each service, and the servers that take in mail."""
    questions: list[Callable[[], Any]] = [partial(srv.service, resolver, name, domain) for name in _SERVICES]
    return _together([*questions, partial(srv.exchangers, resolver, domain)], ends)


def _of_targets(targets: Sequence[srv.Target | None], address: str) -> Settings:
    """TLS from the first byte before STARTTLS (RFC 8314 §5.1)."""
    imaps, imap, submissions, submission = targets
    return Settings(_choose(imaps, imap, address), _choose(submissions, submission, address))


def _choose(tls: srv.Target | None, starttls: srv.Target | None, address: str) -> Server | None:
    if tls:
        return Server(tls.host, tls.port, "tls", address)
    return Server(starttls.host, starttls.port, "starttls", address) if starttls else None


def _files(address: str, domain: str, ends: float, get: Callable[..., https.Answer]) -> list[Settings]:
    urls = [url.format(domain=domain) for url in _URLS]
    found = _together([partial(_file, get, url, address) for url in urls], ends)
    return [settings for settings in found if settings]


def _file(get: Callable[..., https.Answer], url: str, address: str) -> Settings | None:
    try:
        answer = get(url, seconds=_FILE_SECONDS)
        return settingsxml.read(answer.body, address) if answer.status == 200 else None
    except (HttpsFailed, Unreadable):
        return None


def _checked(source: Source, found: Settings, domain: str, allowed: Sequence[AllowedNetwork]) -> Found | None:
    """What passes the form's rules; None where that is no way to the mail."""
    imap = found.imap if _may_be(found.imap, IMAP_PORTS, allowed) else None
    if imap is None:
        return None
    smtp = found.smtp if _may_be(found.smtp, SMTP_PORTS, allowed) else None
    below = all(_is_below(server.host, domain) for server in (imap, smtp) if server)
    return Found(source, domain, imap, smtp, presets.by_imap_host(imap.host), foreign=not below)


def _may_be(server: Server | None, ports: frozenset[int], allowed: Sequence[AllowedNetwork]) -> bool:
    if server is None:
        return False
    try:
        ascii_host(server.host)
    except NetworkRefused:
        return False
    return server.port in ports or any(server.port == entry.port for entry in allowed)


def _is_below(host: str, domain: str) -> bool:
    host = host.lower().rstrip(".")
    return host == domain or host.endswith("." + domain)


def _together(questions: Sequence[Callable[[], Any]], ends: float) -> list[Any]:
    """The answers, None for what did not come in time. Who comes late talks to nobody and ends by itself."""
    pool = ThreadPoolExecutor(len(questions), thread_name_prefix="autoconfig")
    asked = [pool.submit(question) for question in questions]
    wait(asked, timeout=max(0.0, ends - time.monotonic()))
    pool.shutdown(wait=False, cancel_futures=True)
    return [future.result() if future.done() and not future.cancelled() else None for future in asked]
