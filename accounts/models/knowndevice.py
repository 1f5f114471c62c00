"""Browsers that a reader has signed in with before."""

from typing import ClassVar

from django.db import models

from accounts.ownership import Owned


class KnownDevice(Owned):
    """A browser, known again by a random cookie that it keeps. It opens nothing and replaces no factor.

    A sign-in from another browser is told to the reader; a stranger's failures do not slow this one down."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "digest": "SHA-256 of 256 random bits: nothing to guess",
        "made_at": "time",
        "used_at": "time",
        "told_at": "time; null until its reader was told of it",
    }

    digest = models.BinaryField()
    made_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(auto_now_add=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "digest"], name="known_device_unique")]
