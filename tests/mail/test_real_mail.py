"""Real mail, through real servers: it arrives byte for byte, can be shown, and stays itself afterwards."""

import imaplib
from pathlib import Path
from typing import Any

import pytest
import zstandard
from django.test import Client

from accounts.models import MailAccount
from accounts.networks import parse_networks
from mail import heads
from mail.demo.password import USER, demo_password
from mail.models import Email
from tests.conftest import Reader
from tests.corpus import real_mails
from tests.mail.demo.test_server import connect, read_folder, serving
from tests.mail.mailboxes import account_at, mails, sync_whole
from tests.servers.dovecot import Dovecot

#: Dovecot makes line ends CRLF and replaces NUL when a mail is appended: what it gives is what is compared.
MOST_PAGES = 40


def served(client: imaplib.IMAP4, folder: str = "INBOX") -> list[bytes]:
    """The mails of a folder as the server gives them."""
    return sorted(raw for raw, _ in read_folder(client, folder)[1].values())


def stored(reader: Reader, account: MailAccount, role: str = "inbox") -> list[bytes]:
    """The same as they are kept here."""
    rows = [email for email in mails(account) if email.folder.role == role]
    return sorted(zstandard.decompress(reader.vault.open(email.message, "raw")) for email in rows)


@pytest.mark.dovecot
def test_four_hundred_real_mails_come_from_dovecot(
    alice: Reader, alice_client: Client, dovecot: Dovecot, mail_user: str, settings: Any
) -> None:
    settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{dovecot.port}"])
    account = account_at(alice, dovecot.port, mail_user)
    given = real_mails()
    with dovecot.mailbox(mail_user) as box:
        box.append(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for raw in given)
        run = sync_whole(account)
        assert (run.error, run.stored, run.unreadable) == ("", len(given), 0)
        assert stored(alice, account) == served(box.connection)
    again = sync_whole(account)
    assert (again.stored, again.changed, again.gone) == (0, 0, 0)
    for email in mails(account):
        heads.read_head(alice.vault.open(email, "head"))
    for email in mails(account)[:: len(given) // MOST_PAGES]:
        for page in ("", "?view=text", "?view=source", "body/"):
            assert alice_client.get(f"/mail/{email.pk}/{page}").status_code in (200, 404), page


def test_what_pymap_has_is_here_too_and_again_after_its_restart(
    alice: Reader, tmp_path: Path, settings: Any
) -> None:
    """No CONDSTORE, no ESEARCH, no SPECIAL-USE: the plain way. Its UIDs outlive it."""
    with serving(tmp_path) as port:
        settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{port}"])
        account = account_at(alice, port, USER, demo_password(tmp_path))
        client = connect(tmp_path, port)
        for raw in real_mails()[:40]:
            client.append("INBOX", "", None, raw)  # type: ignore[arg-type]
        run = sync_whole(account)
        assert (run.error, run.unreadable) == ("", 0)
        assert stored(alice, account) == served(client)
        assert stored(alice, account, "sent") == served(client, "Sent")
        client.logout()
    before = {email.pk for email in mails(account)}
    with serving(tmp_path) as port:
        settings.ALLOWED_MAIL_NETWORKS = parse_networks([f"127.0.0.1/32:{port}"])
        MailAccount.objects.for_user(alice.user).update(port=port)
        client = connect(tmp_path, port)
        client.select("INBOX")
        client.uid("STORE", "1", "+FLAGS", "(\\Seen \\Flagged)")
        client.logout()
        again = sync_whole(account)
        assert (again.error, again.stored, again.gone) == ("", 0, 0)
    assert {email.pk for email in mails(account)} == before
    first = Email.objects.for_user(alice.user).get(folder__role="inbox", uid=1)
    assert (first.seen, first.flagged) == (True, True)
