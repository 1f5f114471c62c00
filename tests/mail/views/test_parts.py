"""Attachments, as downloads."""

import re

import pytest
from django.test import Client

from tests.conftest import Reader
from tests.mail.factories import Mailbox, make_email
from tests.mail.views.door import assert_guarded, assert_only_read


def with_file(name: str, content_type: str = "application/pdf", content: bytes = b"%PDF") -> bytes:
    return (
        b"Subject: with a file\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nSee there.\r\n"
        b"--b\r\nContent-Type: " + content_type.encode() + b"\r\nContent-Disposition: attachment; filename="
        b'"' + name.encode() + b'"\r\n\r\n' + content + b"\r\n--b--\r\n"
    )


def test_it_belongs_to_its_owner(
    alice: Reader, alice_client: Client, charlie_client: Client, locked_client: Client, box: Mailbox
) -> None:
    path = f"/mail/{make_email(alice, box.inbox, with_file('a.pdf')).pk}/parts/1/"
    assert_guarded(path, charlie_client, locked_client)
    assert_only_read(path, alice_client)


def test_a_file_is_saved_and_never_opened_in_place(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    email = make_email(alice, box.inbox, with_file("bill.pdf", content=b"%PDF-1.7 \x00\xff"))
    response = alice_client.get(f"/mail/{email.pk}/parts/1/")
    assert response.content == b"%PDF-1.7 \x00\xff"
    assert response.headers["Content-Disposition"] == 'attachment; filename="bill.pdf"'
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox;")
    assert response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript", "x/y"],
)
def test_what_could_run_is_plain_bytes(
    alice: Reader, alice_client: Client, box: Mailbox, content_type: str
) -> None:
    email = make_email(alice, box.inbox, with_file("page.html", content_type, b"<script>evil()</script>"))
    response = alice_client.get(f"/mail/{email.pk}/parts/1/")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\windows\\system.ini",
        "invoice\u202efdp.exe",
        "a\u0000b.pdf",
        "a=?utf-8?q?=0D=0ASet-Cookie:x=3D1?=.pdf",
        "con.txt",
        "x" * 400 + ".pdf",
        'quo"te; filename=evil.exe',
        "\U0001f4a9.pdf",
        "",
    ],
)
def test_a_name_is_only_a_name(alice: Reader, alice_client: Client, box: Mailbox, name: str) -> None:
    email = make_email(alice, box.inbox, with_file(name))
    disposition = alice_client.get(f"/mail/{email.pk}/parts/1/").headers["Content-Disposition"]
    assert re.fullmatch(
        r"""attachment; filename(?:="[^"\\/\r\n]+"|\*=utf-8''[\w%.!~()*'-]+)""", disposition, re.ASCII
    )
    assert not re.search(r"%2F|%5C|%0D|%0A|%00|%E2%80%AE|\.\./", disposition, re.IGNORECASE)


@pytest.mark.parametrize("index", ["2", "999", "9" * 40])
def test_a_part_that_is_not_there_is_not_found(
    alice: Reader, alice_client: Client, box: Mailbox, index: str
) -> None:
    email = make_email(alice, box.inbox, with_file("a.pdf"))
    assert alice_client.get(f"/mail/{email.pk}/parts/{index}/").status_code == 404
