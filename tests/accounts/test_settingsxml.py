"""A provider's settings file comes from anywhere: what can be used comes out, nothing else."""

import pytest

from accounts.settingsxml import MAX_BYTES, Server, Unreadable, read

ADDRESS = "eva@example.org"


def server(kind="incoming", of="imap", **values):
    given = {"hostname": "mail.example.org", "port": "993", "socketType": "SSL", "username": "%EMAILADDRESS%"}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in {**given, **values}.items())
    return f'<{kind}Server type="{of}">{inner}</{kind}Server>'


def config(*servers):
    inner = "".join(servers)
    return (
        f'<clientConfig version="1.1"><emailProvider id="x">{inner}</emailProvider></clientConfig>'.encode()
    )


def test_both_servers_are_read_and_placeholders_filled():
    found = read(
        config(
            server("incoming", "pop3", hostname="pop.example.org"),
            server(hostname="imap.%EMAILDOMAIN%", username="%EMAILLOCALPART%"),
            server("outgoing", "smtp", port="587", socketType="STARTTLS"),
        ),
        ADDRESS,
    )
    assert found.imap == Server("imap.example.org", 993, "tls", "eva")
    assert found.smtp == Server("mail.example.org", 587, "starttls", ADDRESS)


def test_tls_comes_before_starttls():
    both = config(server(port="143", socketType="STARTTLS"), server(hostname="second.example.org"))
    assert read(both, ADDRESS).imap.host == "second.example.org"


@pytest.mark.parametrize(
    "values",
    [
        {"socketType": "plain"},
        {"socketType": ""},
        {"port": "imap"},
        {"port": "９９３"},
        {"port": "-1"},
        {"port": "1000000"},
        {"hostname": ""},
        {"hostname": "%NOBODY%.example.org"},
        {"hostname": "a\nb"},
        {"hostname": "x" * 400},
    ],
)
def test_a_server_that_makes_no_sense_is_left_out(values):
    assert read(config(server(**values)), ADDRESS).imap is None


BILLION = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    b"<clientConfig><emailProvider>&b;</emailProvider></clientConfig>"
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><clientConfig>&a;</clientConfig>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>not found</html>",
        b"<clientConfig>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no-such"?><clientConfig/>',
        BILLION,
        BILLION.decode().encode("utf-16"),
        OUTSIDE,
        b"<!DOCTYPE clientConfig><clientConfig/>",
        b"<clientConfig>" + b" " * MAX_BYTES + b"</clientConfig>",
    ],
)
def test_what_is_no_such_file_is_refused(data):
    with pytest.raises(Unreadable):
        read(data, ADDRESS)


def test_a_deeply_nested_file_does_no_harm():
    depth = MAX_BYTES // 8
    found = read(b"<clientConfig>" + b"<a>" * depth + b"</a>" * depth + b"</clientConfig>", ADDRESS)
    assert found.imap is None


def test_a_server_for_tokens_only_says_so():
    only = server().replace("</incomingServer>", "<authentication>OAuth2</authentication></incomingServer>")
    assert read(config(only), ADDRESS).imap.oauth is True
    assert read(config(server()), ADDRESS).imap.oauth is False
