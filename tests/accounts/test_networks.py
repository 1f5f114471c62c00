"""Which addresses may be connected to."""

import socket
from ipaddress import ip_address

import pytest

from accounts.networks import NetworkRefused, ascii_host, is_public, parse_networks, resolve

REFUSED = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "0.0.0.0",
    "192.0.0.8",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "2002:a9fe:a9fe::",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "2a00::5efe:10.0.0.1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "100::1",
]
PUBLIC = [
    "8.8.8.8",
    "212.227.17.170",
    "2a00:1450:4001:82a::200e",
    "64:ff9b::8.8.8.8",
    "2001:4860:4860::8888",
]
ODD_LOOPBACK = ["0x7f.1", "2130706433", "127.1", "017700000001", "１２７.0.0.1", "127。0。0。1"]


@pytest.mark.parametrize("text", REFUSED)
def test_an_address_inside_somebodys_network_is_not_public(text):
    assert is_public(ip_address(text)) is False


@pytest.mark.parametrize("text", PUBLIC)
def test_an_address_of_the_internet_is_public(text):
    assert is_public(ip_address(text)) is True


@pytest.mark.parametrize("host", [text for text in REFUSED if text != "::ffff:8.8.8.8"])
def test_a_refused_address_is_not_resolved(host):
    with pytest.raises(NetworkRefused) as caught:
        resolve(host, 993, [])
    assert caught.value.code == "address-refused"


@pytest.mark.parametrize("host", ODD_LOOPBACK)
def test_odd_spellings_of_loopback_are_refused(host):
    with pytest.raises(NetworkRefused) as caught:
        resolve(host, 993, [])
    assert caught.value.code in ("address-refused", "name-unknown")


@pytest.mark.parametrize("port", [143, 993])
def test_a_public_address_passes_on_the_mail_ports(port):
    (endpoint,) = resolve("8.8.8.8", port, [])
    assert endpoint.family == socket.AF_INET
    assert endpoint.sockaddr == ("8.8.8.8", port)
    assert endpoint.listed is False


@pytest.mark.parametrize("port", [22, 25, 80, 465, 6379, 0, 65536, -1])
def test_other_ports_are_refused(port):
    with pytest.raises(NetworkRefused) as caught:
        resolve("8.8.8.8", port, [])
    assert caught.value.code == "port-refused"


def test_smtp_ports_pass_for_smtp_only():
    assert resolve("8.8.8.8", 465, [], ports=frozenset({465, 587}))
    with pytest.raises(NetworkRefused):
        resolve("8.8.8.8", 993, [], ports=frozenset({465, 587}))


def test_a_mapped_address_is_judged_as_what_it_is():
    (endpoint,) = resolve("::ffff:8.8.8.8", 993, [])
    assert endpoint.listed is False
    (endpoint,) = resolve("::ffff:10.0.0.1", 993, parse_networks(["10.0.0.0/8"]))
    assert endpoint.listed is True


def test_the_operators_list_opens_one_port_of_one_network():
    allowed = parse_networks(["127.0.0.1/32:4143"])
    (endpoint,) = resolve("127.0.0.1", 4143, allowed)
    assert endpoint.listed is True
    for host, port, code in [("127.0.0.1", 993, "port-refused"), ("127.0.0.2", 4143, "address-refused")]:
        with pytest.raises(NetworkRefused) as caught:
            resolve(host, port, allowed)
        assert caught.value.code == code


def test_a_listed_network_without_a_port_means_the_mail_ports():
    allowed = parse_networks(["10.0.0.0/8"])
    assert resolve("10.9.8.7", 993, allowed)[0].listed is True
    with pytest.raises(NetworkRefused):
        resolve("10.9.8.7", 22, allowed)


def test_one_bad_answer_spoils_the_name(monkeypatch):
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 993)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 993)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(NetworkRefused) as caught:
        resolve("mail.example.org", 993, [])
    assert caught.value.code == "name-unknown"


def found(monkeypatch, *texts):
    """DNS knows every name by these addresses."""
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 993)) for text in texts]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)


def test_a_name_inside_our_network_is_told_apart_from_no_other_that_is_unknown(monkeypatch):
    """Else who asks for names learns which ones our own DNS knows."""
    refusals = []
    for host, private in (("intranet.example.org", True), ("no-such-host.invalid", False)):
        with monkeypatch.context() as patched:
            if private:
                found(patched, "10.0.0.1")
            with pytest.raises(NetworkRefused) as caught:
                resolve(host, 993, [])
        refusals.append((caught.value.code, str(caught.value)))
    assert refusals[0] == refusals[1]


def test_a_name_in_a_listed_network_is_told_that_its_port_is_not(monkeypatch):
    found(monkeypatch, "10.0.0.1")
    with pytest.raises(NetworkRefused) as caught:
        resolve("mail.example.org", 993, parse_networks(["10.0.0.0/8:4143"]))
    assert caught.value.code == "port-refused"


def test_a_name_that_turns_from_public_to_private_is_refused_when_it_does(monkeypatch):
    """DNS rebinding: each connection decides on the addresses that it goes to."""
    found(monkeypatch, "8.8.8.8")
    assert [endpoint.sockaddr[0] for endpoint in resolve("mail.example.org", 993, [])] == ["8.8.8.8"]
    found(monkeypatch, "127.0.0.1")
    with pytest.raises(NetworkRefused):
        resolve("mail.example.org", 993, [])
    found(monkeypatch, "8.8.8.8")
    assert resolve("mail.example.org", 993, [])


def test_a_name_is_looked_up_once(monkeypatch):
    asked = []

    def look_up(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    resolve("mail.example.org", 993, [])
    assert asked == ["mail.example.org"]


def test_a_name_with_umlauts_goes_out_as_idna():
    assert ascii_host("Mail.Müller.example.") == "mail.xn--mller-kva.example"


@pytest.mark.parametrize(
    "host", ["", " ", ".", "a b", "a\r\nb", "a\0b", "user@host", "host/path", "a..b", "x" * 300, "ü" * 80]
)
def test_what_is_no_host_name_is_unknown(host):
    with pytest.raises(NetworkRefused) as caught:
        resolve(host, 993, [])
    assert caught.value.code == "name-unknown"


def test_a_name_that_does_not_exist_is_unknown():
    with pytest.raises(NetworkRefused) as caught:
        resolve("no-such-host.invalid", 993, [])
    assert caught.value.code == "name-unknown"


@pytest.mark.parametrize(
    ("entry", "network", "port"),
    [
        ("10.0.0.0/8", "10.0.0.0/8", None),
        ("127.0.0.1", "127.0.0.1/32", None),
        ("127.0.0.1/32:4143", "127.0.0.1/32", 4143),
        (" 127.0.0.1:4143 ", "127.0.0.1/32", 4143),
        ("fd00::/8", "fd00::/8", None),
        ("[fd00::/8]:993", "fd00::/8", 993),
        ("[fd00::]/8:993", "fd00::/8", 993),
        ("[::1]", "::1/128", None),
    ],
)
def test_entries_of_the_list_are_read(entry, network, port):
    (parsed,) = parse_networks([entry])
    assert (str(parsed.network), parsed.port) == (network, port)


def test_empty_entries_are_nothing():
    assert parse_networks(["", "  "]) == []


@pytest.mark.parametrize(
    "entry",
    ["localhost", "10.0.0.1/8", "10.0.0.0/8:0", "10.0.0.0/8:x", "10.0.0.0/8:65536", "[::1", "[::1]:²"],
)
def test_nonsense_in_the_list_raises(entry):
    with pytest.raises(ValueError, match=r"."):
        parse_networks([entry])
