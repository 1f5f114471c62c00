"""The reader's keys as they are stored: docs/keys.md has the whole picture."""

from typing import ClassVar

from django.db import models

from accounts.fields import SealedField, SecretField, WrappedField
from accounts.ownership import Owned


class Identity(Owned):
    """One HPKE key pair a reader. The secret half stands here twice, under two keys that stand nowhere."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "public_key": "workers seal mail to it",
        "salt": "needed before the key is there; random",
        "memory": "Argon2id parameter",
        "passes": "Argon2id parameter",
        "lanes": "Argon2id parameter",
        "made_at": "time",
        "enrolled_at": "time; sign-up is unfinished without it",
    }

    public_key = models.BinaryField()
    salt = models.BinaryField()
    memory = models.PositiveIntegerField()  # KiB
    passes = models.PositiveSmallIntegerField()
    lanes = models.PositiveSmallIntegerField()
    wrapped_by_password = WrappedField()
    wrapped_by_recovery = WrappedField(null=True)
    sync_key = SealedField()
    hash_key = SecretField()
    made_at = models.DateTimeField(auto_now_add=True)
    enrolled_at = models.DateTimeField(null=True)  # codes and recovery key were shown and confirmed

    class Meta:
        constraints = [models.UniqueConstraint("owner", name="identity_one_a_reader")]


class ContentKey(Owned):
    """The key of one batch of mail, sealed to the identity."""

    PLAIN: ClassVar[dict[str, str]] = {"id": "names rows", "owner": "ownership", "made_at": "time"}

    sealed = SealedField()
    made_at = models.DateTimeField(auto_now_add=True)
