"""The document in the sandboxed frame."""

import base64

import pytest
from django.test import Client

from accounts.door import level_of
from mail.views.body import body
from tests.conftest import Reader
from tests.mail.factories import Mailbox, letter, make_email
from tests.mail.views.door import assert_guarded, assert_only_read

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def shown(reader: Reader, client: Client, box: Mailbox, html: str) -> str:
    email = make_email(reader, box.inbox, letter(html=html))
    return client.get(f"/mail/{email.pk}/body/").content.decode()


def test_it_belongs_to_its_owner(
    alice: Reader, alice_client: Client, charlie_client: Client, locked_client: Client, box: Mailbox
) -> None:
    path = f"/mail/{make_email(alice, box.inbox, letter(html='<p>Hi')).pk}/body/"
    assert_guarded(path, charlie_client, locked_client)
    assert_only_read(path, alice_client)
    assert level_of(body) == "reader"


def test_its_headers_let_nothing_run_load_or_leave(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    email = make_email(alice, box.inbox, letter(html="<p>Hi"))
    headers = alice_client.get(f"/mail/{email.pk}/body/").headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert policy["frame-ancestors"] == "'self'"
    assert "script-src" not in policy
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]


@pytest.mark.parametrize(
    ("hostile", "mark"),
    [
        ("<script>evil()</script>", "evil"),
        ('<p onclick="evil()">x</p>', "evil"),
        ('<img src="x" onerror="evil()">', "evil"),
        ('<a href="javascript:evil()">x</a>', "evil"),
        ('<a href="data:text/html,evil">x</a>', "evil"),
        ('<form action="https://evil.example"><input name="p"></form>', "evil"),
        ('<iframe src="https://evil.example"></iframe>', "evil"),
        ('<object data="https://evil.example"></object>', "evil"),
        ('<img src="https://evil.example/t.gif">', "evil"),
        ('<img srcset="https://evil.example/t.gif 2x">', "evil"),
        ('<table background="https://evil.example/b.gif"><tr><td>x</table>', "evil"),
        ('<p style="background: url(https://evil.example/b.gif)">x</p>', "evil"),
        ('<p style="background: u\\72l(//evil.example)">x</p>', "evil"),
        ("<style>@import 'https://evil.example/x.css';</style>", "evil"),
        ('<link rel="stylesheet" href="https://evil.example/x.css">', "evil"),
        ('<meta http-equiv="refresh" content="0;url=https://evil.example">', "evil"),
        ('<base href="https://evil.example/">', "evil"),
        ('<svg><a xlink:href="javascript:evil()">x</a></svg>', "evil"),
        ('<svg onload="evil()">', "evil"),
        ("<math><mtext><table><mglyph><style><img src=x onerror=evil()>", "evil"),
        ("</body></html><script>evil()</script>", "evil"),
        ('<p style="position:fixed;top:0">x</p>', "fixed"),
        ('<p id="content" class="header" name="forms">x</p>', 'id="content"'),
    ],
)
def test_nothing_hostile_comes_through(
    alice: Reader, alice_client: Client, box: Mailbox, hostile: str, mark: str
) -> None:
    page = shown(alice, alice_client, box, f"<p>before</p>{hostile}<p>after</p>")
    assert "<p>before</p>" in page
    assert mark not in page


def test_what_is_harmless_stays(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    page = shown(
        alice, alice_client, box, '<h1 style="color: #333">Hi</h1><a href="https://example.net/a">go</a>'
    )
    assert '<h1 style="color: #333">Hi</h1>' in page
    assert 'href="https://example.net/a"' in page
    assert "noopener" in page
    assert '<base target="_blank">' in page


def test_inline_images_are_put_in(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    raw = (
        b"Content-Type: multipart/related; boundary=b\r\n\r\n"
        b'--b\r\nContent-Type: text/html\r\n\r\n<img src="cid:logo"><img src="cid:page">\r\n'
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(PNG)
        + b"\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <page>\r\n\r\n"
        b"<svg onload='evil()'>\r\n--b--\r\n"
    )
    email = make_email(alice, box.inbox, raw)
    page = alice_client.get(f"/mail/{email.pk}/body/").content.decode()
    assert "data:image/png;base64," + base64.b64encode(PNG).decode() in page
    assert "evil" not in page
    assert page.count("data:") == 1


def test_a_mail_without_html_says_so(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    email = make_email(alice, box.inbox)
    assert b"no HTML that can be shown" in alice_client.get(f"/mail/{email.pk}/body/").content


def test_html_that_costs_too_much_is_not_shown(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    assert "no HTML that can be shown" in shown(alice, alice_client, box, "<div>" * 5000)


def test_it_is_no_act_of_the_reader(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    assert getattr(body, "door_quiet", "") == "yes"
