"""Mail accounts of readers on real servers, for the tests of the sync."""

from datetime import timedelta

from django.utils import timezone

from accounts import grants
from accounts.connections import Security
from accounts.ids import draw_id
from accounts.models import Grant, MailAccount
from mail import sync
from mail.models import Email, SyncRun
from tests.conftest import Reader


def account_at(
    reader: Reader, port: int, user: str, password: str = "secret", *, security: Security = "none"
) -> MailAccount:
    """An account on loopback; the reader's grant lives until it is revoked."""
    row = MailAccount(pk=draw_id(MailAccount), owner=reader.user, port=port, security=security)
    values = {
        "name": "Alice Example",
        "address": f"{user}@example.org",
        "host": "127.0.0.1",
        "username": user,
        "password": password,
    }
    for name, value in values.items():
        setattr(row, name, reader.vault.seal_secret(row, name, value.encode()))
    row.save(force_insert=True)
    grants.give(reader.vault, Grant.Until.REVOKED)
    return row


def sync_whole(account: MailAccount, units: int = 50) -> SyncRun:
    """Sync until done; the run that was made."""
    while sync.run_unit(account.pk):
        units -= 1
        assert units, "a sync that never ends"
    return SyncRun.objects.for_user(account.owner_id).filter(account=account).latest("pk")


def mails(account: MailAccount) -> list[Email]:
    """The account's mails that are not marked as gone, oldest row first."""
    mine = Email.objects.for_user(account.owner_id).filter(account=account, missing_since=None)
    return list(mine.select_related("folder", "message").order_by("pk"))


def letter(number: int, *, body: str = "", headers: str = "") -> bytes:
    """A small mail of its own Message-ID."""
    return (
        f"From: Bob <bob@example.org>\r\nTo: alice@example.org\r\nSubject: Letter {number}\r\n"
        f"Message-ID: <letter-{number}@example.org>\r\nDate: Mon, 16 Nov 2026 09:00:00 +0000\r\n{headers}"
        f"\r\n{body or f'Body of letter {number}.'}\r\n"
    ).encode()


def reload(account: MailAccount) -> MailAccount:
    return MailAccount.objects.for_user(account.owner_id).get(pk=account.pk)


def an_hour_passes(account: MailAccount) -> None:
    """More than one, since the reader gave their word and mail was marked."""
    mine = Email.objects.for_user(account.owner_id).filter(account=account, missing_since__isnull=False)
    mine.update(missing_since=timezone.now() - timedelta(hours=2))
    row = MailAccount.objects.for_user(account.owner_id).filter(pk=account.pk)
    row.exclude(gone_accepted_at=None).update(gone_accepted_at=timezone.now() - timedelta(hours=2))


#: A script of a server whose inbox holds one mail.
ONE_MAIL = {
    "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
    "EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\nTAG OK x\r\n",
    "UID SEARCH": b"* SEARCH 1\r\nTAG OK done\r\n",
}
