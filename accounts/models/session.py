"""Open doors: sessions, and the keys lent to workers."""

from typing import ClassVar

from django.contrib.sessions.models import Session
from django.db import models

from accounts.fields import SealedField, ServerField
from accounts.ownership import Owned
from accounts.sealing import Place


class ReaderSession(Owned):
    """A signed-in browser. The vault's session half lives in the session itself, never here."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "session": "lets one session end another",
        "signed_in_at": "time",
        "unlocked_at": "time; eight hours after it the vault locks",
        "acted_at": "time; thirty minutes after it the vault locks",
        "locked_at": "time",
        "last_seen": "time, at most once a minute",
        "lends": "state",
    }

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="reader_session")
    device = SealedField(null=True)  # browser and IP address, for the reader's own list
    signed_in_at = models.DateTimeField(auto_now_add=True)
    unlocked_at = models.DateTimeField()
    acted_at = models.DateTimeField()
    locked_at = models.DateTimeField(null=True)
    last_seen = models.DateTimeField()
    lends = models.BooleanField(default=True)  # off after "Stop now", until the reader chooses again


class Grant(Owned):
    """A key lent to the workers, for a purpose and a time: under the server's key, its terms bound in."""

    class Scope(models.TextChoices):
        SYNC = "sync"
        VAULT = "vault"

    class Until(models.TextChoices):
        SIGNED_OUT = "signed-out"  # while I am signed in
        FIRST_SYNC = "first-sync"  # until the first sync is done, twelve hours at most
        WEEK = "week"
        MONTH = "month"
        REVOKED = "revoked"

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "scope": "what the grant is for",
        "until": "the reader's choice",
        "session": "sign-out ends what lives as long as the session",
        "job": "the work it was lent for",
        "made_at": "time",
        "expires_at": "time; bound into the envelope",
        "last_used_at": "time",
    }

    scope = models.CharField(max_length=8, choices=Scope.choices)
    until = models.CharField(max_length=12, choices=Until.choices)
    session = models.ForeignKey(ReaderSession, null=True, on_delete=models.CASCADE, related_name="grants")
    job = models.BigIntegerField(null=True)
    wrapped = ServerField(place=lambda row: row.place())
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)  # null: until revoked
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "scope", "expires_at"], name="grant_live")]

    def place(self) -> Place:
        """Where the lent key belongs: owner, scope and expiry are bound in, so that none can be changed."""
        at = self.expires_at
        expiry = at.isoformat(timespec="microseconds").replace(":", "") if at else "never"
        purpose = f"grant-{self.scope}-{expiry}"
        return Place(purpose, self.owner_id, "accounts.grant", "wrapped", self.pk)
