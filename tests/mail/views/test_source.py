"""A mail as a file."""

from django.test import Client

from mail.models import Message
from tests.conftest import Reader
from tests.mail.factories import Mailbox, letter, make_email, make_emails
from tests.mail.views.door import assert_guarded, assert_only_read


def test_it_belongs_to_its_owner(
    alice: Reader, alice_client: Client, charlie_client: Client, locked_client: Client, box: Mailbox
) -> None:
    path = f"/mail/{make_email(alice, box.inbox).pk}/source/"
    assert_guarded(path, charlie_client, locked_client)
    assert_only_read(path, alice_client)


def test_the_bytes_are_those_of_the_server(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    raw = letter(html="<script>evil()</script>") + b"\0\xff\r\n"
    email = make_email(alice, box.inbox, raw)
    response = alice_client.get(f"/mail/{email.pk}/source/")
    assert response.content == raw
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == f'attachment; filename="mail-{email.pk}.eml"'
    assert response.headers["Content-Security-Policy"].startswith("sandbox;")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_source_that_does_not_open_is_not_found(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    one, other = make_emails(alice, box.inbox, 2)
    raw = Message.objects.for_user(alice.user).get(pk=other.pk).raw
    Message.objects.for_user(alice.user).filter(pk=one.pk).update(raw=raw)
    assert alice_client.get(f"/mail/{one.pk}/source/").status_code == 404
