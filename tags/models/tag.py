"""What a reader calls things."""

from typing import ClassVar

from django.db import models

from accounts.fields import KeyedField, SecretField
from accounts.ownership import Owned
from mail.models import Email


class Tag(Owned):
    """A name, unique for its reader, with a colour."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "colour": "one of twelve",
        "made_at": "time",
    }

    name = SecretField()
    name_key = KeyedField()
    colour = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name_key"], name="tag_unique")]


class EmailTag(Owned):
    """A tag on a mail."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "email": "names rows",
        "tag": "names rows",
        "made_at": "time",
    }

    email = models.ForeignKey(Email, on_delete=models.CASCADE, related_name="email_tags")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="email_tags")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["email", "tag"], name="email_tag_unique")]
