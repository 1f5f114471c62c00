"""The well-known providers: each can be entered as the form would have it typed."""

import pytest

from accounts import mailboxfields, presets
from accounts.autoconfig import find
from accounts.networks import IMAP_PORTS, SMTP_PORTS, ascii_host
from accounts.presets import PRESETS

WANTED = [
    "gmail.com", "googlemail.com", "outlook.com", "outlook.de", "hotmail.com", "hotmail.de", "live.com",
    "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "yahoo.com", "yahoo.de", "icloud.com", "me.com",
    "mac.com", "posteo.de", "posteo.net", "mailbox.org", "fastmail.com", "fastmail.fm", "t-online.de",
]  # fmt: skip


@pytest.mark.parametrize("domain", WANTED)
def test_the_usual_domains_are_known_and_nobody_is_asked(domain):
    found = find(f"Some.One@{domain.upper()}", allowed=[], resolver=None, get=None)
    assert found.source == "preset"
    assert found.imap
    assert found.smtp
    assert not found.foreign


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.imap.host)
def test_each_preset_passes_the_rules_of_the_form(preset):
    for place, ports, pair in (
        (preset.imap, IMAP_PORTS, mailboxfields.IMAP),
        (preset.smtp, SMTP_PORTS, mailboxfields.SMTP),
    ):
        assert ascii_host(place.host) == place.host
        assert place.port in ports
        assert mailboxfields.mismatch(place.port, place.security, pair) == ""
    assert str(preset.needs).endswith(".")
    assert len(str(preset.needs)) < 250


def test_no_domain_is_claimed_twice():
    domains = [domain for preset in PRESETS for domain in preset.domains]
    assert len(domains) == len(set(domains))


def test_user_names_are_what_the_provider_wants():
    found = find("eva.muster@icloud.com", allowed=[])
    assert found.imap.username == "eva.muster"
    assert found.smtp.username == "eva.muster@icloud.com"
    assert find("eva@gmx.de", allowed=[]).imap.username == "eva@gmx.de"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("aspmx.l.google.com", "Gmail"),
        ("example-org.mail.protection.outlook.com.", "Microsoft 365"),
        ("in1-smtp.messagingengine.com", "Fastmail"),
        ("notgoogle.com", None),
        ("google.com.evil.example", None),
    ],
)
def test_a_domain_of_ones_own_is_known_by_who_takes_in_its_mail(host, name):
    preset = presets.by_exchanger(host)
    assert (preset.name if preset else None) == name
