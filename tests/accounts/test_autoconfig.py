"""Servers found from a mail address: by DNS, by the provider's file, and by nobody who is no party to it."""

import threading

import pytest

from accounts import autoconfig, foundtexts, srv
from accounts.autoconfig import find
from accounts.networks import parse_networks
from accounts.oauth.https import Answer, HttpsFailed
from tests.accounts.test_settingsxml import config, server
from tests.servers.dns import NameServer

ADDRESS = "eva.secret@example.org"


class Web:
    """HTTPS as a test has it: answers by URL, and what was asked."""

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.asked = []

    def __call__(self, url, **options):
        self.asked.append(url)
        answer = self.answers.get(url)
        if answer is None:
            raise HttpsFailed("name-unknown")
        return Answer(*answer) if isinstance(answer, tuple) else Answer(200, {}, answer)


@pytest.fixture
def name_server():
    with NameServer() as server:
        yield server


def look(name_server, web=None, address=ADDRESS, allowed=()):
    return find(address, allowed=allowed, resolver=name_server.resolver(), get=web or Web())


def test_srv_records_name_the_servers(name_server):
    name_server.records = {
        ("_imaps._tcp.example.org", "SRV"): ["20 0 993 late.example.org.", "10 1 993 imap.example.org."],
        ("_submissions._tcp.example.org", "SRV"): ["0 0 465 smtp.example.org."],
    }
    web = Web()
    found = look(name_server, web)
    assert found.source == "dns"
    assert (found.imap.host, found.imap.port, found.imap.security) == ("imap.example.org", 993, "tls")
    assert (found.smtp.host, found.smtp.port, found.smtp.security) == ("smtp.example.org", 465, "tls")
    assert found.imap.username == ADDRESS
    assert not found.foreign
    assert web.asked == []


def test_starttls_serves_where_tls_is_not_offered(name_server):
    name_server.records = {
        ("_imaps._tcp.example.org", "SRV"): ["0 0 0 ."],
        ("_imap._tcp.example.org", "SRV"): ["0 0 143 imap.example.org."],
        ("_submission._tcp.example.org", "SRV"): ["0 0 587 smtp.example.org."],
    }
    found = look(name_server)
    assert (found.imap.port, found.imap.security) == (143, "starttls")
    assert (found.smtp.port, found.smtp.security) == (587, "starttls")


def test_a_service_that_dns_denies_is_not_offered(name_server):
    name_server.records = {(f"_{name}._tcp.example.org", "SRV"): ["0 0 0 ."] for name in ("imaps", "imap")}
    assert look(name_server).source == "none"


@pytest.mark.parametrize(
    "record", ["0 0 25 imap.example.org.", "0 0 22 imap.example.org.", r"0 0 993 a\032b."]
)
def test_what_the_form_would_refuse_is_not_offered(name_server, record):
    name_server.records = {("_imaps._tcp.example.org", "SRV"): [record]}
    assert look(name_server).source == "none"


def test_a_port_that_the_operator_lists_is_offered(name_server):
    name_server.records = {("_imaps._tcp.example.org", "SRV"): ["0 0 4143 imap.example.org."]}
    found = look(name_server, allowed=parse_networks(["10.0.0.0/8:4143"]))
    assert found.imap.port == 4143


def test_only_the_domain_goes_to_dns_and_to_the_provider(name_server):
    web = Web()
    assert look(name_server, web).source == "none"
    asked = " ".join([*web.asked, *(name for name, _ in name_server.asked)])
    assert "eva" not in asked
    assert web.asked
    assert all(url.startswith("https://") and "example.org" in url and "?" not in url for url in web.asked)
    assert {url.split("/")[2] for url in web.asked} == {"autoconfig.example.org", "example.org"}


def test_the_providers_file_is_read(name_server):
    url = "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml"
    file = config(server(hostname="imap.example.org"), server("outgoing", "smtp", port="465"))
    found = look(name_server, Web({url: file}))
    assert found.source == "file"
    assert found.imap.host == "imap.example.org"
    assert found.smtp.port == 465


@pytest.mark.parametrize(
    "answer", [(302, {"location": "https://evil.example/"}, b""), (200, {}, b"<html/>"), (404, {}, b"")]
)
def test_redirects_and_other_pages_are_no_settings(name_server, answer):
    url = "https://autoconfig.example.org/mail/config-v1.1.xml"
    assert look(name_server, Web({url: answer})).source == "none"


def test_the_guard_keeps_the_look_up_out_of_our_network(name_server, serve):
    """The real request, to a name that leads to loopback: nobody is connected to."""
    listener = serve()
    found = find("eva@localhost.localdomain", allowed=[], resolver=name_server.resolver())
    assert found.source == "none"
    assert listener.connections == 0


def test_a_domain_of_ones_own_at_a_known_provider(name_server):
    name_server.records = {("example.org", "MX"): ["10 in1-smtp.messagingengine.com."]}
    found = look(name_server)
    assert (found.source, found.preset.name, found.imap.host) == ("hosted", "Fastmail", "imap.fastmail.com")
    assert found.imap.username == ADDRESS


def test_a_server_of_another_domain_is_warned_of(name_server):
    name_server.records = {("_imaps._tcp.example.org", "SRV"): ["0 0 993 imap.elsewhere.example."]}
    found = look(name_server)
    assert found.foreign
    assert "imap.elsewhere.example does not belong to example.org" in foundtexts.of(found).warning
    name_server.records = {("_imaps._tcp.example.org", "SRV"): ["0 0 993 notexample.org."]}
    assert look(name_server).foreign


def test_a_name_server_that_is_silent_does_not_hold_the_file_up(name_server, monkeypatch):
    monkeypatch.setattr(srv, "LIFETIME", 0.2)
    name_server.silent = {f"_{name}._tcp.example.org" for name in autoconfig._SERVICES}
    url = "https://autoconfig.example.org/mail/config-v1.1.xml"
    assert look(name_server, Web({url: config(server())})).source == "file"


def test_whoever_takes_for_ever_is_not_waited_for(name_server, monkeypatch):
    monkeypatch.setattr(autoconfig, "SECONDS", 0.3)
    held = threading.Event()

    def never(url, **options):
        held.wait(20)
        raise HttpsFailed("too-slow")

    try:
        assert look(name_server, never).source == "none"
        assert not held.is_set()
    finally:
        held.set()


@pytest.mark.parametrize(
    "address", ["eva", "eva@", "eva@nodots", "eva@[127.0.0.1]", "eva@127.0.0.1", "eva@a..b", "eva@a.b/c"]
)
def test_no_domain_is_no_question(name_server, address):
    web = Web()
    assert look(name_server, web, address=address).imap is None
    assert web.asked == []
    assert name_server.asked == []


def test_a_domain_with_umlauts_is_asked_as_dns_knows_it(name_server):
    web = Web()
    look(name_server, web, address="eva@müller.example")
    assert ("_imaps._tcp.xn--mller-kva.example", "SRV") in name_server.asked
    assert all("xn--mller-kva.example" in url for url in web.asked)


def test_each_source_has_its_words(name_server):
    for source in ("preset", "hosted", "dns", "file", "none"):
        words = foundtexts.of(autoconfig.Found(source, "example.org"))
        assert words.source
        assert "{" not in words.source
