from datetime import UTC, datetime, timedelta, timezone

import pytest

from mail.mime import headers
from mail.mime.addresses import addresses
from mail.mime.parse import parse
from mail.mime.parsed import Address
from mail.mime.words import readable
from tests.mail.mime.samples import mail


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain words", "plain words"),
        ("=?utf-8?q?J=C3=BCrgen_M=2E?= rest", "Jürgen M. rest"),
        ("=?UTF-8?B?SsO8cmdlbg==?=", "Jürgen"),
        ("=?utf-8?q?a=c3?= =?utf-8?q?=bcb?=", "aüb"),
        ("=?utf-8?q?a?= =?iso-8859-1?q?=FC?=", "aü"),
        ("=?utf-8*de?q?gr=C3=BCn?=", "grün"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?q?What?is=3F?=", "What?is?"),
        ("=?made-up?q?a=fc?=", "=?made-up?q?a=fc?="),
        ("=?utf-8?b?!!!?=", "=?utf-8?b?!!!?="),
        ("=?utf-8?b?SsO8cmdlb?=", "Jürge"),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("=?utf-8?q?a=0D=0ABcc:_x=00y?=", "a Bcc: xy"),
        ("=?utf-8?q?=E2=80=AEfdp.exe?=", "fdp.exe"),
        ("=?utf-7?q?+2AA-x?=", "?x"),
        ("caf\xe9", "café"),
        ("caf\xc3\xa9", "café"),
        ("a\x07b\x1b[0m", "a b [0m"),
        ("=?a?q?" * 300, "=?a?q?" * 300),
    ],
)
def test_header_values_are_made_readable(value, text):
    assert readable(value) == text


def test_raw_eight_bit_headers_follow_the_mails_own_charset():
    raw = b"Subject: \xf0\xd2\xc9\xd7\xc5\xd4\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n"
    assert parse(raw).subject == "Привет"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@b.example", [("", "a@b.example")]),
        ("Alice <a@b.example>", [("Alice", "a@b.example")]),
        ('"Example, Alice" <a@b.example>', [("Example, Alice", "a@b.example")]),
        ('"a\\"b" <a@b.example>', [('a"b', "a@b.example")]),
        ("a@b.example (Alice)", [("Alice", "a@b.example")]),
        ("team: a@b.example, C <c@d.example>;", [("", "a@b.example"), ("C", "c@d.example")]),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?q?M=C3=BCller=2C_J?= <a@b.example>", [("Müller, J", "a@b.example")]),
        ("<@x.example,@y.example:a@b.example>", [("", "a@b.example")]),
        ("a@b.example <c@d.example>", [("a@b.example", "c@d.example")]),
        ("MAILER-DAEMON", [("MAILER-DAEMON", "")]),
        ("<>", []),
        ("a @ b.example", [("", "a@b.example")]),
        ("Alice a@b.example", [("Alice", "a@b.example")]),
        ('"open <a@b.example>', [('"open', "a@b.example")]),
        ("", []),
        (",,;,", []),
        ("caf\xe9 <a@b.example>", [("café", "a@b.example")]),
        ("evil\x00name <a\r\n@b.example>", [("evil name", "a@b.example")]),
    ],
)
def test_address_lists_are_read_tolerantly(value, expected):
    assert addresses(value) == tuple(Address(*one) for one in expected)


@pytest.mark.parametrize("value", ["(" * 20_000, '"' * 20_000, "," * 50_000, "<" * 20_000, "a@b, " * 20_000])
def test_address_bombs_are_bounded(value):
    assert len(addresses(value)) <= 500


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tue, 24 Nov 2026 10:30:00 +0100", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("24 Nov 2026 10:30 -0500 (EST)", datetime(2026, 11, 24, 15, 30, tzinfo=UTC)),
        ("Tue, 24 Nov 2026 10:30:60 GMT", datetime(2026, 11, 24, 10, 30, 59, tzinfo=UTC)),
        ("Tue, 24 Nov 26 10:30:00 EST", datetime(2026, 11, 24, 15, 30, tzinfo=UTC)),
        (
            "Mon, 05 Aug 2002 08:51:39 -1700",
            datetime(2002, 8, 5, 8, 51, 39, tzinfo=timezone(-timedelta(hours=17))),
        ),
        ("Tue, 31 Feb 2026 10:30:00 +0100", None),
        ("Tue, 24 Nov 2026 10:30:00 +9900", None),
        ("Tue, 24 Nov 2026 99:30:00 +0000", None),
        ("24 Foo 2026 10:30:00 +0000", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_aware_or_absent(value, expected):
    assert headers.date(value) == expected


def test_message_ids_are_bounded_and_each_kept_once():
    assert headers.message_id("bare@id.example") == "<bare@id.example>"
    assert headers.message_id("  <a@b> trailing") == "<a@b>"
    assert headers.message_id("") == ""
    many = " ".join(f"<{n}@x>" for n in range(500))
    found = headers.references(many, "<499@x> <new@x>")
    assert len(found) == 100
    assert (found[0], found[-1]) == ("<0@x>", "<new@x>")


def test_repeated_headers_are_all_kept_in_order():
    parsed = parse(mail("Received: one", "RECEIVED: two", "From: a@b", "From: c@d"))
    assert parsed.headers["received"] == ("one", "two")
    assert [one.email for one in parsed.senders] == ["a@b", "c@d"]


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"hello world\nfoo", "hello world\nfoo"),
        (b"Subject: x\nhello world\n\nmore", "hello world\n\nmore"),
        (b"\r\nbody", "body"),
        (b"From alice Mon Jan  1\nSubject: x\n\nbody", "body"),
        (b"Subject : x\n\nbody", "body"),
        (b"Subject: x\n\r\nbody", "body"),
        (b"Subject: x", ""),
    ],
)
def test_the_body_begins_where_headers_end(raw, body):
    parsed = parse(raw)
    assert parsed.text == body
    assert parsed.subject in {"x", ""}


def test_values_of_a_name_keep_their_order_however_many():
    """Copied for each new one, sixty thousand would take a minute, and nothing else would run meanwhile."""
    count = headers.MAX_HEAD // 4 - 8
    block = b"X:1\nY:0\nX:2\n" + b"X:3\n" * (count - 2) + b"\nbody"
    assert headers.read(block).raw == {"x": ("1", "2", *["3"] * (count - 2)), "y": ("0",)}
    assert headers.read(b"X: 1\nX: 2\nno header\n").raw == {"x": ("1", "2")}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/plain", {"": "text/plain"}),
        ('Text/HTML; Charset="utf-8"', {"": "text/html", "charset": "utf-8"}),
        ("a/b; name=plain name.txt", {"": "a/b", "name": "plain name.txt"}),
        ('a/b; name="a;b\\"c"', {"": "a/b", "name": 'a;b"c'}),
        ("a/b; name*=iso-8859-1'de'%FC", {"": "a/b", "name": "ü"}),
        ("a/b; name*0=a; name*1=b%", {"": "a/b", "name": "ab%"}),
        ('a/b; name="open', {"": "a/b", "name": "open"}),
        ("a/b; x=1; x=2", {"": "a/b", "x": "1"}),
        (";;;=;", {"": ""}),
    ],
)
def test_parameters_are_read_leniently(value, expected):
    assert headers.parameters(value) == expected
