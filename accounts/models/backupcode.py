"""Codes for a lost second factor."""

from typing import ClassVar

from django.db import models

from accounts.ownership import Owned


class BackupCode(Owned):
    """One of ten, good for one sign-in."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "digest": "SHA-256 of 80 random bits: nothing to guess",
        "used_at": "time",
    }

    digest = models.BinaryField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "digest"], name="backup_code_unique")]
