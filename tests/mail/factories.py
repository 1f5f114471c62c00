"""Stored mail for tests, without a mail server: read, judged and sealed as a sync would, then written.

box = make_account(alice)                       # with an inbox
email = make_email(alice, box.inbox, b"Subject: …")
emails = make_emails(alice, box.inbox, 50)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import zstandard
from django.utils import timezone

from accounts.ids import draw_id, draw_ids
from accounts.keyring import Vault
from accounts.models import ContentKey, MailAccount
from mail import folders
from mail.heads import write_head
from mail.imap.folders import ListedFolder
from mail.mime.parse import parse
from mail.models import Email, Folder, Message, Thread
from mail.pipeline import Verdict
from tests.conftest import Reader


@dataclass
class Mailbox:
    """A mail account and its folders by role; the inbox is always there."""

    account: MailAccount
    folders: dict[str, Folder]

    @property
    def inbox(self) -> Folder:
        return self.folders["inbox"]

    def folder(self, role: str) -> Folder:
        return self.folders[role]


@dataclass
class Draft:
    """A mail to be stored. `columns` are those of Email: seen=True, urgency=3 and importance=3, done_at=…"""

    raw: bytes
    received_at: datetime
    verdict: Verdict
    columns: dict[str, Any]


def make_account(reader: Reader, address: str = "", roles: Iterable[str] = (), **columns: Any) -> Mailbox:
    """A mail account with an inbox, and a folder of each further role."""
    address = address or f"{reader.user.username}@example.org"
    account = MailAccount(pk=draw_id(MailAccount), owner=reader.user, port=993, **columns)
    texts = {"name": address, "address": address, "host": "imap.example.org", "username": address}
    for field, text in texts.items():
        setattr(account, field, reader.vault.seal_secret(account, field, text.encode()))
    account.save(force_insert=True)
    made = {role: make_folder(reader, account, role.capitalize(), role) for role in ("inbox", *roles)}
    return Mailbox(account, made)


def make_folder(
    reader: Reader, account: MailAccount, name: str, role: str = "other", **columns: Any
) -> Folder:
    """A folder of that name."""
    folder = Folder(pk=draw_id(Folder), owner=reader.user, account=account, role=role, **columns)
    listed = ListedFolder(name.encode(), name, "/", role, True)
    folder.name = reader.vault.seal_secret(folder, "name", folders.write_name(listed))
    folder.name_key = reader.vault.keyed(f"folder-{account.pk}", listed.raw_name)
    folder.save(force_insert=True)
    return folder


def make_email(reader: Reader, folder: Folder, raw: bytes = b"", **columns: Any) -> Email:
    """One stored mail; see Draft for `columns`. A `verdict` fills in what it says."""
    return make_drafts(reader, folder, [draft(raw or letter(), **columns)])[0]


def make_emails(reader: Reader, folder: Folder, count: int, **columns: Any) -> list[Email]:
    """So many mails, a minute apart, the newest first."""
    now = timezone.now()
    ages = [timedelta(minutes=n + 1) for n in range(count)]
    raws = [letter(subject=f"Letter {n}") for n in range(count)]
    drafts = [draft(raw, received_at=now - age, **columns) for raw, age in zip(raws, ages, strict=True)]
    return make_drafts(reader, folder, drafts)


def draft(
    raw: bytes, received_at: datetime | None = None, verdict: Verdict | None = None, **columns: Any
) -> Draft:
    """A mail to be stored by `make_drafts`."""
    places = {
        name: columns[name] for name in ("urgency", "importance", "spam", "category") if name in columns
    }
    return Draft(
        raw, received_at or timezone.now() - timedelta(hours=1), verdict or Verdict(**places), columns
    )


def make_drafts(reader: Reader, folder: Folder, drafts: Sequence[Draft]) -> list[Email]:
    """A batch under one content key, as a sync stores them."""
    vault: Vault = reader.vault
    batch = ContentKey(pk=draw_id(ContentKey), owner=reader.user)
    key = vault.new_content_key(batch)
    batch.save(force_insert=True)
    threads = Thread.objects.for_user(reader.user).bulk_create([Thread(owner=reader.user) for _ in drafts])
    emails, messages = [], []
    for pk, thread, one in zip(draw_ids(Email, len(drafts)), threads, drafts, strict=True):
        email = _row(reader, folder, one, pk)
        email.thread, email.content_key = thread, batch
        email.head = vault.seal(key, email, "head", write_head(parse(one.raw), one.verdict))
        message = Message(email=email, owner=reader.user)
        message.raw = vault.seal(key, message, "raw", zstandard.compress(one.raw))
        emails.append(email)
        messages.append(message)
    Email.objects.for_user(reader.user).bulk_create(emails)
    Message.objects.for_user(reader.user).bulk_create(messages)
    return emails


def letter(
    text: str = "Good morning.\n",
    *,
    subject: str = "A letter",
    sender: str = "Erika Muster <erika@example.net>",
    to: str = "alice@example.org",
    html: str = "",
    date: datetime | None = None,
) -> bytes:
    """A raw mail, plain or with HTML beside its text."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = date or datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    message["Message-ID"] = f"<{abs(hash((subject, text, sender)))}@example.net>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def _row(reader: Reader, folder: Folder, one: Draft, pk: int) -> Email:
    parsed = parse(one.raw)
    said = one.verdict
    columns = {
        "urgency": said.urgency,
        "importance": said.importance,
        "category": said.category,
        "spam": said.spam,
        "state": Email.State.READ if parsed.readable else Email.State.OPAQUE,
        **one.columns,
    }
    return Email(
        pk=pk,
        owner=reader.user,
        account_id=folder.account_id,
        folder=folder,
        uidvalidity=1,
        uid=pk,
        received_at=one.received_at,
        size=len(one.raw),
        raw_key=reader.vault.keyed("raw", one.raw),
        has_attachments=any(not part.inline for part in parsed.attachments),
        has_invitation=parsed.has_invitation,
        **columns,
    )
