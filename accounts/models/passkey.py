"""A second factor beside the authenticator: a key pair in a phone, a computer or a stick (WebAuthn)."""

from typing import ClassVar

from django.db import models

from accounts.fields import SealedField
from accounts.ownership import Owned


class Passkey(Owned):
    """The public half of a passkey. It stands in for the authenticator's code, never for the password.

    No attestation is asked for and none is kept: of which make a passkey is stands nowhere.
    """

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "credential_id": "the browser looks its key up by it at sign-in, before the vault is open; random",
        "public_key": "checks signatures; public",
        "sign_count": "count; one that does not grow tells of a copy",
        "transports": "how browsers reach it, such as usb or internal; asked for before the vault is open",
        "made_at": "time",
        "used_at": "time",
    }

    label = SealedField()  # the reader's own name for it
    credential_id = models.BinaryField()
    public_key = models.BinaryField()  # COSE (RFC 9052 §7)
    sign_count = models.BigIntegerField(default=0)
    transports = models.CharField(max_length=80, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "credential_id"], name="passkey_unique")]
