"""What happened at the door."""

from typing import ClassVar

from django.db import models

from accounts.fields import SealedField
from accounts.ownership import Owned


class SecurityEvent(Owned):
    """One event of a reader's account. Operators see kinds and times; the detail is for the reader."""

    class Kind(models.TextChoices):
        SIGNED_UP = "signed-up"
        SIGNED_IN = "signed-in"
        SIGN_IN_FAILED = "sign-in-failed"
        BACKUP_CODE_USED = "backup-code-used"
        LOCKED = "locked"
        UNLOCKED = "unlocked"
        SIGNED_OUT = "signed-out"
        GRANT_GIVEN = "grant-given"
        GRANT_ENDED = "grant-ended"
        NEW_DEVICE = "new-device"
        SESSION_ENDED = "session-ended"  # from another one
        PASSWORD_CHANGED = "password-changed"  # noqa: S105  (the word, not one)
        RECOVERED = "recovered"  # a lost password was replaced by means of the recovery key
        RECOVERY_FAILED = "recovery-failed"
        RECOVERY_KEY_MADE = "recovery-key-made"
        BACKUP_CODES_MADE = "backup-codes-made"
        AUTHENTICATOR_CHANGED = "authenticator-changed"
        PASSKEY_ADDED = "passkey-added"
        PASSKEY_REMOVED = "passkey-removed"
        KEYS_MADE = "keys-made"  # a fresh identity, after a theft
        LOCKED_OUT = "locked-out"  # too many failures
        MAIL_ACCOUNT_ADDED = "mail-account-added"
        MAIL_ACCOUNT_CHANGED = "mail-account-changed"
        MAIL_ACCOUNT_DELETED = "mail-account-deleted"
        EXPORTED = "exported"
        IMPORTED = "imported"
        IDENTITY_CHANGED = "identity-changed"  # a worker saw another public key than its grant names

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "kind": "operators see what happens at the door",
        "at": "time",
    }

    kind = models.CharField(max_length=24, choices=Kind.choices)
    at = models.DateTimeField(auto_now_add=True)
    detail = SealedField(null=True)  # browser and IP address

    class Meta:
        indexes = [models.Index(fields=["owner", "-at"], name="security_event_recent")]
