from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parseaddr

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mail.mime import parse as module
from mail.mime.parse import parse, parse_many
from mail.mime.parsed import Address, Parsed
from tests.corpus import real_mails
from tests.mail.mime.samples import PNG, mail, multipart, nested

HTML = b"Content-Type: text/html\r\n\r\n<img src='cid:a@b'>"
ALPHABET = [
    b"\r\n",
    b"\n",
    b"\n\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"--",
    b"--b",
    b"--b--",
    b"a",
    b"=?",
    b"?=",
    b"\xff",
    b"\xc3",
    b"=?utf-8?q?a=c3?=",
    b"=?koi8-r?b?9g==?=",
    b"=?utf-7?q?+2AA-?=",
    b"Subject: ",
    b"From: ",
    b"To: ",
    b"Date: ",
    b"Content-Type: multipart/mixed; boundary=b",
    b"Content-Type: text/html; charset=utf-7",
    b"+2AA-",
    b"Content-Type: message/rfc822",
    b'Content-Type: multipart/alternative; boundary="b"',
    b"filename*0*=utf-8''%ff",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Disposition: ",
    b"attachment",
    b"Content-Transfer-Encoding: x-uuencode",
    b"begin 644 a\n",
    b"References: ",
    b"<a@b>",
    b"(",
    b'"',
    b"Date: Mon, 99 Foo 0000 99:99:99 +9999",
    b"<div style=display:none>",
    b"<",
    b">",
    b",",
    b";",
    b":",
    b"=",
]


@given(st.one_of(st.binary(max_size=2000), st.lists(st.sampled_from(ALPHABET), max_size=60).map(b"".join)))
@example(b"")
@example(b"\0\0\0")
@example(b"Date: Mon, 1 Jan 0001 00:00:00 +2300\n\n")
@example(b"Date: Fri, 31 Dec 9999 23:59:59 -2300\n\n")
@example(
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\n!!!!!\n--b--"
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_never_raises_and_gives_text_that_utf8_can_hold(raw):
    parsed = parse(raw)
    assert isinstance(parsed, Parsed)
    shown = [parsed.subject, parsed.text, parsed.html, parsed.message_id, *parsed.references, *parsed.headers]
    shown += [value for values in parsed.headers.values() for value in values]
    shown += [text for one in parsed.senders + parsed.to for text in (one.name, one.email)]
    shown += [text for one in parsed.attachments for text in (one.name, one.content_type, one.content_id)]
    for text in shown:
        assert "\0" not in text
        text.encode("utf-8")


def test_it_reads_an_ordinary_mail():
    parsed = parse(
        mail(
            "From: Alice Example <alice@example.org>",
            "To: bob@example.org, Charlie <charlie@example.net>",
            "Cc: =?utf-8?q?J=C3=BCrgen?= <j@example.org>",
            "Subject: Hello",
            "Date: Tue, 24 Nov 2026 10:30:00 +0100",
            "Message-ID: <1@example.org>",
            "In-Reply-To: <2@example.org>",
            "References: <3@example.org>",
            " <2@example.org>",
            body="How are you?\r\nAlice\r\n",
        )
    )
    assert parsed.subject == "Hello"
    assert parsed.sender == Address("Alice Example", "alice@example.org")
    assert parsed.to == (Address("", "bob@example.org"), Address("Charlie", "charlie@example.net"))
    assert parsed.cc == (Address("Jürgen", "j@example.org"),)
    assert parsed.date == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert parsed.date.utcoffset() == timedelta(hours=1)
    assert parsed.message_id == "<1@example.org>"
    assert parsed.references == ("<3@example.org>", "<2@example.org>")
    assert parsed.text == "How are you?\nAlice\n"
    assert parsed.header("in-reply-to") == "<2@example.org>"
    assert parsed.readable
    assert parsed.defects == ()


def test_many_mails_come_out_in_order():
    parsed = parse_many([mail("Subject: 1"), b"", mail("Subject: 3")])
    assert [one.subject for one in parsed] == ["1", "", "3"]


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ((), b"h\xc3\xa9", "hé"),
        ((), b"h\xe9", "hé"),
        (("Content-Type: text/plain; charset=utf-8",), b"It\x92s", "It’s"),
        (("Content-Type: text/plain; charset=iso-8859-1",), b"\x80 5", "€ 5"),
        (("Content-Type: text/plain; charset=us-ascii",), b"h\xc3\xa9", "hé"),
        (("Content-Type: text/plain; charset=X-UNKNOWN",), b"h\xe9", "hé"),
        (("Content-Type: text/plain; charset=punycode",), b"a-b", "a-b"),
        (("Content-Type: text/plain; charset=ks_c_5601-1987",), b"\xb1\xb3", "교"),
        (("Content-Type: text/plain; charset=koi8-r", "Content-Transfer-Encoding: 8bit"), b"\xf0", "П"),
        (("Content-Type: text/plain; charset=iso-2022-jp",), b"\x1b$B0KEl\x1b(B", "伊東"),
        (("Content-Transfer-Encoding: quoted-printable",), b"h=C3=A9 =\r\nho=ZZ=", "hé ho=ZZ"),
        (("Content-Transfer-Encoding: base64",), b"aMOp", "hé"),
        (("Content-Transfer-Encoding: base64",), b"aM\r\n!!Op\r\n", "hé"),
        (("Content-Transfer-Encoding: base64",), b"YQ", "a"),
        (("Content-Transfer-Encoding: base64",), b"YQ==Yg==", "ab"),
        (("Content-Transfer-Encoding: x-uuencode",), b"begin 644 a.txt\r\n#8F5A\r\n`\r\nend\r\n", "bea"),
        (("Content-Transfer-Encoding: made-up",), b"as it is", "as it is"),
        ((), b"a\0b", "ab"),
    ],
)
def test_it_decodes_bodies_whatever_their_labels_say(headers, body, text):
    assert parse(mail("Subject: x", *headers, body=body)).text == text


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (mail("Subject: x"), "no-date"),
        (mail("Date: soon"), "bad-date"),
        (mail("Content-Type: text/plain; charset=U"), "unknown-charset"),
        (mail("Content-Transfer-Encoding: base64", body="%%%"), "bad-encoding"),
        (b"Subject: x\nno header here\nmore", "no-blank-line"),
        (mail("X: " + "a" * 20_000), "long-header"),
    ],
)
def test_it_tells_what_is_odd_about_a_mail_and_reads_it_all_the_same(raw, defect):
    parsed = parse(raw)
    assert parsed.readable
    assert defect in parsed.defects


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (b"Subject: big\n" + b"X: y\n" * 60_000 + b"\n", "long-head"),
        (b"Subject: big\n" + b"X: y\n" * 1001 + b"\nbody", "many-headers"),
        (nested(51), "deep-nesting"),
        (nested(2_000), "deep-nesting"),
        (b"Content-Type: multipart/mixed; boundary=b\nSubject: big\n\n" + b"--b\n\nx\n" * 1001, "many-parts"),
        (
            b"Content-Type: multipart/mixed; boundary=b\nSubject: big\n\n" + b"--b\n\nx\n" * 300_000,
            "many-parts",
        ),
        (multipart("mixed", b"Content-Type: text/plain; " + b"a=b; " * 4000 + b"\r\n\r\nx"), "long-header"),
        (multipart("mixed", b"Content-Type: message/rfc822\r\n\r\n" * 60 + b"x"), "deep-nesting"),
        (multipart("mixed", *[b"Content-Type: text/plain\r\n\r\nx"] * 1001), "many-parts"),
    ],
)
def test_a_mail_out_of_bounds_keeps_its_headers_and_no_more(raw, defect):
    parsed = parse(raw)
    assert not parsed.readable
    assert defect in parsed.defects
    assert parsed.subject in {"big", "deep", "parts"} or defect == "many-parts"
    assert (parsed.text, parsed.html, parsed.attachments) == ("", "", ())


def test_bounds_leave_room_for_real_mail():
    parts = [b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx"] * 200
    assert len(parse(multipart("mixed", *parts)).attachments) == 200
    diff = b"Content-Type: text/plain\r\n\r\n" + b"--- a/file\r\n+++ b/file\r\n" * 2000
    assert parse(multipart("mixed", diff)).text.count("+++") == 2000
    assert parse(nested(49)).readable


def test_header_bombs_are_cut_before_they_are_decoded():
    words = "=?utf-8?q?abcdef?= " * 20_000
    parsed = parse(
        mail("Subject: " + words[:200_000], "To: " + "a@b.example, " * 3_000, "Cc: " + "(" * 10_000)
    )
    assert len(parsed.subject) <= 1000
    assert len(parsed.to) == 500
    assert [one.email for one in parsed.cc] == [""]
    assert len(parsed.cc[0].name) <= 300


def test_broken_encoded_words_go_to_the_parser_that_is_not_quadratic(monkeypatch):
    part = b"Content-Type: text/plain; name=x\r\nX: " + b"=?a?q?" * 5001 + b"\r\n\r\nhello"
    monkeypatch.delattr("mail.mime.leaves.fast_mail_parser.parse_email_tree")
    assert parse(multipart("mixed", part)).text.strip() == "hello"


def test_plain_text_is_the_body_and_html_is_kept_beside_it():
    parsed = parse(
        multipart(
            "alternative",
            b"Content-Type: text/plain\r\n\r\nplain",
            b"Content-Type: text/html; charset=iso-8859-1\r\n\r\n<p>h\xe9</p>",
        )
    )
    assert (parsed.text, parsed.html, parsed.attachments) == ("plain", "<p>hé</p>", ())


def test_a_blank_plain_part_gives_way_to_the_html():
    parsed = parse(
        multipart("alternative", b"\r\n \r\n ", b"Content-Type: text/html\r\n\r\n<p>Hello <b>you</b></p>")
    )
    assert parsed.text == "Hello you"


def test_a_list_footer_behind_html_does_not_hide_the_mail():
    parsed = parse(multipart("mixed", b"Content-Type: text/html\r\n\r\n<p>words</p>", b"\r\nfooter"))
    assert parsed.text == "words\n\nfooter"


def test_parts_that_are_no_body_are_attachments_with_their_place_among_the_leaves():
    inner = multipart("alternative", b"\r\nplain", HTML, boundary="in")
    parsed = parse(
        multipart(
            "mixed",
            inner.partition(b"\r\n")[2],
            b"Content-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Disposition: inline\r\n\r\n" + PNG,
            b"Content-Type: text/plain\r\nContent-Disposition: attachment; filename=../n.txt\r\n\r\nnotes",
            b"Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q",
        )
    )
    assert parsed.text == "plain"
    assert [(one.index, one.name, one.content_type, one.inline) for one in parsed.attachments] == [
        (2, "attachment", "image/png", True),
        (3, "n.txt", "text/plain", False),
        (4, "message.eml", "message/rfc822", False),
    ]
    assert [one.size for one in parsed.attachments][:2] == [len(PNG), 5]


def test_broken_base64_in_one_part_leaves_the_others_readable():
    parsed = parse(
        multipart(
            "mixed",
            b"Content-Type: text/plain\r\n\r\nhello",
            b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD!RA",
        )
    )
    assert parsed.text == "hello"
    assert [one.size for one in parsed.attachments] == [4]
    assert "bad-encoding" in parsed.defects


@pytest.mark.parametrize(
    "header",
    [
        'attachment; filename="=?utf-8?q?=C3=BCber.pdf?="',
        'attachment; filename="=?utf-8?q?=C3?= =?utf-8?q?=BCber.pdf?="',
        "attachment; filename*=utf-8''%C3%BCber.pdf",
        "attachment; filename*0*=utf-8''%C3; filename*1*=%BCber; filename*2=.pdf",
    ],
)
def test_names_of_attachments_are_decoded_in_every_spelling(header):
    part = f"Content-Type: application/pdf\r\nContent-Disposition: {header}\r\n\r\nx".encode()
    assert [one.name for one in parse(multipart("mixed", part)).attachments] == ["über.pdf"]


@pytest.mark.parametrize(
    "part",
    [
        b"Content-Type: text/calendar; method=REQUEST\r\n\r\nx",
        b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        b"Content-Type: application/octet-stream; name=invite.ics\r\n\r\nbegin:vevent",
    ],
)
def test_it_sees_invitations(part):
    assert parse(multipart("mixed", part)).has_invitation
    assert not parse(multipart("mixed", part.replace(b"calendar", b"x").replace(b".ics", b""))).has_invitation


@pytest.mark.parametrize("boundary", ["b", "b c", "=_?b'()+"])
def test_both_parsers_number_the_parts_alike(monkeypatch, boundary):
    raw = multipart(
        "mixed",
        b"Content-Type: text/plain\r\n\r\none",
        b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ntwo",
        b"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD",
        boundary=boundary,
    )
    fast = parse(raw)
    monkeypatch.setattr("mail.mime.bounds.suits_fast_parser", lambda raw: False)
    slow = parse(raw)
    assert fast.attachments == slow.attachments
    assert fast.text == slow.text == "one"


def test_all_real_mails_are_read():
    for raw, parsed in zip(real_mails(), parse_many(real_mails()), strict=True):
        assert parsed.readable
        assert parsed.headers
        assert parsed.text.strip() or parsed.html or parsed.attachments or len(raw) < 1000
        assert "unparseable" not in parsed.defects


def test_subjects_and_senders_of_real_mails_are_those_of_the_standard_library():
    compared = 0
    for raw, parsed in zip(real_mails(), parse_many(real_mails()), strict=True):
        other = message_from_bytes(raw)
        subject, sender = str(other["subject"] or ""), str(other["from"] or "")
        if "=?" in subject + sender or not (subject + sender).isascii() or '""' in sender:
            continue
        compared += 1
        assert parsed.subject.split() == subject.split()
        read = parseaddr(sender)[1]
        assert parsed.sender.email == read or not read  # it gives up on some that people can read
    assert compared > 350


def test_most_real_dates_are_understood():
    assert sum(parsed.date is not None for parsed in parse_many(real_mails())) >= 399


def test_text_never_exceeds_a_million_characters():
    assert len(parse(mail("Subject: x", body=b"\xc3\xa9" * 2_000_000)).text) == 1_000_000
    assert module.charsets.MAX_TEXT == 1_000_000
