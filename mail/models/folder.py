"""A folder of a mail account, as the server has it."""

from typing import ClassVar

from django.db import models

from accounts.fields import KeyedField, SecretField
from accounts.models import MailAccount
from accounts.ownership import Owned


class Folder(Owned):
    """The mark (`uidvalidity` … `highestmodseq`) is what the server said when flags were last looked at.

    `uidnext` and `exists` stand only where every mail was here too.
    """

    class Role(models.TextChoices):
        INBOX = "inbox"
        SENT = "sent"
        DRAFTS = "drafts"
        JUNK = "junk"
        TRASH = "trash"
        ARCHIVE = "archive"
        ALL = "all"
        FLAGGED = "flagged"
        OTHER = "other"

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "account": "names rows",
        "role": "which lists a mail belongs to",
        "selectable": "state",
        "uidvalidity": "the server's generation of UIDs",
        "uidnext": "the server's mark",
        "exists": "count",
        "highestmodseq": "the server's mark",
        "missing_since": "time",
        "synced_at": "time",
    }

    account = models.ForeignKey(MailAccount, on_delete=models.CASCADE, related_name="folders")
    name = SecretField()  # JSON: the server's raw name, the decoded one, its delimiter
    name_key = KeyedField()  # of the raw name
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.OTHER)
    selectable = models.BooleanField(default=True)
    uidvalidity = models.BigIntegerField(null=True)
    uidnext = models.BigIntegerField(null=True)
    exists = models.BigIntegerField(null=True)
    highestmodseq = models.BigIntegerField(null=True)
    missing_since = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name_key"], name="folder_unique")]
