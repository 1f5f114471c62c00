"""A mail: a plain row that lists and sorts, and sealed values that only the reader opens."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.fields import KeyedField, SealedField
from accounts.models import ContentKey, MailAccount
from accounts.ownership import Owned
from mail.models.folder import Folder


class Thread(Owned):
    """Mails that answer one another, across folders and accounts."""

    PLAIN: ClassVar[dict[str, str]] = {"id": "names rows", "owner": "ownership", "made_at": "time"}

    made_at = models.DateTimeField(auto_now_add=True)


class Email(Owned):
    """One mail in one folder. Its place on the server is (folder, uidvalidity, uid)."""

    class State(models.TextChoices):
        READ = "read"
        OPAQUE = "opaque"  # out of bounds: only its source can be shown
        CUT = "cut"  # over the size limit: only its head is kept

    class Category(models.TextChoices):
        ACTION = "action"
        INFO = "info"
        ARCHIVE = "archive"

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "account": "names rows",
        "folder": "names rows",
        "thread": "names rows",
        "content_key": "index batch membership",
        "uidvalidity": "the server's generation of UIDs",
        "uid": "the server's number",
        "received_at": "time",
        "size": "size",
        "state": "state",
        "seen": "flag",
        "flagged": "flag",
        "answered": "flag",
        "draft": "flag",
        "deleted": "flag",
        "has_attachments": "mark in lists",
        "has_invitation": "mark in lists",
        "urgency": "lists sort and count by it",
        "importance": "lists sort and count by it",
        "score": "lists sort and count by it",
        "category": "lists sort and count by it",
        "spam": "lists sort and count by it",
        "rises_at": "the next time its cell changes; the deadline itself is sealed",
        "done_at": "time",
        "snoozed_until": "time",
        "missing_since": "time",
        "stored_at": "time",
    }

    # The composite indexes below begin with these; a second index each would slow every insert.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    account = models.ForeignKey(MailAccount, on_delete=models.CASCADE, related_name="emails", db_index=False)
    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="emails", db_index=False)
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="emails")
    content_key = models.ForeignKey(ContentKey, on_delete=models.PROTECT, related_name="emails")
    uidvalidity = models.BigIntegerField()  # below 0: accounts.mailboxes.ELSEWHERE, KEPT
    uid = models.BigIntegerField()
    received_at = models.DateTimeField()
    size = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.READ)

    seen = models.BooleanField(default=False)
    flagged = models.BooleanField(default=False)
    answered = models.BooleanField(default=False)
    draft = models.BooleanField(default=False)
    deleted = models.BooleanField(default=False)
    has_attachments = models.BooleanField(default=False)
    has_invitation = models.BooleanField(default=False)

    message_id_key = KeyedField(null=True)
    sender_key = KeyedField(null=True)
    raw_key = KeyedField()  # of the raw bytes: how a moved mail is known again

    urgency = models.PositiveSmallIntegerField(default=1)
    importance = models.PositiveSmallIntegerField(default=1)
    score = models.GeneratedField(
        expression=F("urgency") * 2 + F("importance"),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
    )
    category = models.CharField(max_length=8, choices=Category.choices, default=Category.INFO)
    spam = models.BooleanField(default=False)
    rises_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(
        null=True
    )  # absent from one complete listing; dropped after a second
    stored_at = models.DateTimeField(auto_now_add=True)

    head = SealedField(by_content_key=True)  # JSON, see mail.heads

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["folder", "uidvalidity", "uid"], name="email_unique"),
            models.CheckConstraint(condition=Q(urgency__range=(1, 3)), name="email_urgency"),
            models.CheckConstraint(condition=Q(importance__range=(1, 3)), name="email_importance"),
        ]
        indexes = [
            models.Index(fields=["owner", "-received_at", "-id"], name="email_newest"),
            models.Index(fields=["account", "-received_at", "-id"], name="email_account_newest"),
            models.Index(fields=["folder", "-received_at", "-id"], name="email_folder_newest"),
            models.Index(fields=["account", "raw_key"], name="email_raw"),
            models.Index(
                fields=["folder", "urgency", "importance", "-received_at", "-id"],
                name="email_open",
                condition=Q(done_at=None, missing_since=None, spam=False),
                include=["owner"],  # the wall asks for it of each row: counts need not visit the table
            ),
            models.Index(
                fields=["folder"],
                name="email_unread",
                condition=Q(seen=False, missing_since=None),
                include=["owner"],
            ),
            models.Index(fields=["folder"], name="email_missing", condition=Q(missing_since__isnull=False)),
            models.Index(fields=["account"], name="email_elsewhere", condition=Q(uidvalidity__lt=0)),
            models.Index(fields=["rises_at"], name="email_rises", condition=Q(rises_at__isnull=False)),
        ]


class Message(Owned):
    """The mail itself, as the server gave it: compressed (zstd), then sealed."""

    PLAIN: ClassVar[dict[str, str]] = {"email": "names rows", "owner": "ownership"}

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    email = models.OneToOneField(Email, on_delete=models.CASCADE, primary_key=True, related_name="message")
    raw = SealedField(by_content_key=True)


class MessageRef(Owned):
    """One Message-ID that a mail has or names (RFC 5322 §3.6.4), keyed: threads need no vault."""

    PLAIN: ClassVar[dict[str, str]] = {"id": "names rows", "owner": "ownership", "email": "names rows"}

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    email = models.ForeignKey(Email, on_delete=models.CASCADE, related_name="refs")
    ref = KeyedField()

    class Meta:
        indexes = [models.Index(fields=["owner", "ref"], name="message_ref")]
