"""Who is believed when they say whose request it is."""

import json

import pytest
from django.test import Client, RequestFactory

from accounts import events
from accounts.ipaddresses import counted_ip_of, ip_of
from accounts.proxies import Proxies, counted, parse_proxies

PROXY, CLIENT, FORGED = "10.0.0.5", "203.0.113.7", "198.51.100.9"


def asked(peer: str, forwarded: str | None = None) -> object:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)


@pytest.mark.parametrize("forwarded", [None, FORGED, f"{FORGED}, {FORGED}", "", "nonsense"])
def test_an_empty_list_believes_nobody(settings: object, forwarded: str | None) -> None:
    settings.TRUSTED_PROXIES = parse_proxies([])
    for peer in (CLIENT, "127.0.0.1", ""):
        assert ip_of(asked(peer, forwarded)) == peer


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (CLIENT, CLIENT),
        (f"{FORGED}, {CLIENT}", CLIENT),  # the client wrote the first, the proxy added the second
        (f"{FORGED},{CLIENT} , 10.0.0.8", CLIENT),  # two proxies of ours
        (f"nonsense, {CLIENT}", CLIENT),
        ("2001:db8::1", "2001:db8::1"),
        (f"::ffff:{CLIENT}", CLIENT),
        ("10.0.0.8", "10.0.0.8"),  # one of our own machines asks
        (None, PROXY),
        ("", PROXY),
        (f"{CLIENT}, nonsense", PROXY),
        (f"{CLIENT}:4711", PROXY),
        (f"{CLIENT}, ", PROXY),
        ("unknown", PROXY),
        ("'; DROP TABLE", PROXY),
        ("1" * 5000, PROXY),
        ("٢٠٣.0.113.7", PROXY),
    ],
)
def test_a_trusted_proxy_tells_the_client(settings: object, forwarded: str | None, client: str) -> None:
    settings.TRUSTED_PROXIES = parse_proxies(["10.0.0.0/24"])
    assert ip_of(asked(PROXY, forwarded)) == client


@pytest.mark.parametrize("peer", [CLIENT, "10.0.1.5", "::1", "", "nonsense"])
def test_what_others_forge_counts_for_nothing(settings: object, peer: str) -> None:
    settings.TRUSTED_PROXIES = parse_proxies(["10.0.0.0/24"])
    assert ip_of(asked(peer, FORGED)) == ("" if peer == "nonsense" else peer)


def test_a_proxy_on_a_socket_file_is_trusted_where_the_list_says_so(settings: object) -> None:
    settings.TRUSTED_PROXIES = parse_proxies(["unix"])
    assert ip_of(asked("", f"{FORGED}, {CLIENT}")) == CLIENT
    assert ip_of(asked("", "nonsense")) == ""
    assert ip_of(asked(CLIENT, FORGED)) == CLIENT


def test_an_ipv4_proxy_may_come_in_ipv6_dress(settings: object) -> None:
    settings.TRUSTED_PROXIES = parse_proxies(["127.0.0.1"])
    assert ip_of(asked("::ffff:127.0.0.1", CLIENT)) == CLIENT


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "localhost", "10.0.0.1/8", "10.0.0.1:80"])
def test_a_list_that_cannot_be_read_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_proxies([entry])


def test_the_list_takes_addresses_networks_and_sockets() -> None:
    read = parse_proxies(["127.0.0.1", " fd00::/8 ", "unix", ""])
    assert read.include("127.0.0.1")
    assert read.include("fd00::7")
    assert read.include("")
    assert not read.include("127.0.0.2")
    assert Proxies() == parse_proxies([])


@pytest.mark.parametrize(
    ("client", "counts_as"),
    [
        (CLIENT, CLIENT),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", "::"),
    ],
)
def test_ipv6_is_counted_by_what_one_household_has(client: str, counts_as: str) -> None:
    assert counted(client) == counts_as
    assert counted_ip_of(asked(client)) == counts_as


def test_events_note_the_client_and_not_the_proxy(settings: object) -> None:
    settings.TRUSTED_PROXIES = parse_proxies([PROXY])
    assert json.loads(events.device_of(asked(PROXY, CLIENT)))["ip_address"] == CLIENT


@pytest.fixture
def behind_a_proxy(settings: object) -> None:
    settings.TRUSTED_PROXIES = parse_proxies([PROXY])
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize("name", ["X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-SSL"])
def test_only_a_trusted_proxy_calls_a_request_secure(behind_a_proxy: None, db: None, name: str) -> None:
    """Sign-in over plain HTTP is refused; the web server may have believed the header before us."""
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Protocol": "ssl", "X-Forwarded-SSL": "on"}[name]
    forged = Client().get("/sign-in/", headers={name: said}, REMOTE_ADDR=CLIENT, secure=True)
    assert forged.status_code == 403
    told = Client().get("/sign-in/", headers={"X-Forwarded-Proto": "https"}, REMOTE_ADDR=PROXY)
    assert told.status_code == 200


def test_tls_of_our_own_needs_no_header(db: None) -> None:
    assert Client().get("/sign-in/", secure=True).status_code == 200
