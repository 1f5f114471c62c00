import pytest

from mail.mime import bounds
from tests.corpus import real_mails
from tests.mail.mime.samples import multipart, nested

DECLARED = b"Content-Type: multipart/mixed; boundary=b\n\n"


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (nested(50), ""),
        (nested(51), "deep-nesting"),
        (DECLARED + b"--b\n\nx\n" * 1000, ""),
        (DECLARED + b"--b\n\nx\n" * 1001, "many-parts"),
        (DECLARED + b"--b\r\rx\r" * 1001, "many-parts"),
        (DECLARED + b"--c\n\nx\n" * 1001, ""),
        (DECLARED + b"-- \n" * 250_000, "many-parts"),
        (DECLARED + b"content-type: text/plain\n" * 3001, "many-parts"),
        (DECLARED + b"--b\nContent-Type: a/b;" + b"\n " * 10_000, "long-header"),
        (b"Content-Type: multipart/mixed; boundary*0=b\n\n" + b"--b\n\nx\n" * 1001, "many-parts"),
        (b'content-TYPE:multipart/x;\n\tBOUNDARY = "b c"\n\n' + b"--b c\n\nx\n" * 1001, "many-parts"),
    ],
)
def test_structures_are_measured_before_they_are_parsed(raw, defect):
    assert bounds.structure_defect(raw) == defect


def test_containers_beside_one_another_are_not_deep():
    part = b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--in--"
    assert bounds.structure_defect(multipart("mixed", *[part] * 200)) == ""
    forwarded = b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nx"
    assert bounds.structure_defect(multipart("digest", *[forwarded] * 200)) == ""


def test_no_real_mail_is_out_of_bounds():
    assert [defect for raw in real_mails() if (defect := bounds.structure_defect(raw))] == []


@pytest.mark.parametrize(
    ("raw", "fast", "slow"),
    [
        (b"--b\n" * 10, True, True),
        (b"=?" * 5001, False, True),
        (b"\n--" * 1001, False, True),
        (b"\n" * 2_000_001, True, False),
    ],
)
def test_each_parser_gets_only_what_suits_it(raw, fast, slow):
    assert bounds.suits_fast_parser(raw) is fast
    assert bounds.suits_slow_parser(raw) is slow
