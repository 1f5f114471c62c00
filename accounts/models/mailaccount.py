"""A mailbox at some provider."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.fields import SecretField
from accounts.ownership import Owned


class MailAccount(Owned):
    """Where mail comes from. The row is also the schedule of its syncs, and the lease of a run."""

    class Security(models.TextChoices):
        TLS = "tls"
        STARTTLS = "starttls"
        NONE = "none"

    class Auth(models.TextChoices):
        PASSWORD = "password"  # noqa: S105  (the word, not one)
        GOOGLE = "google"  # OAuth 2 (RFC 6749) at Google
        MICROSOFT = "microsoft"  # the same at Microsoft

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"  # by the reader
        ATTENTION = "attention"  # only the reader can help: `error` says with what

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "port": "one of a handful; the host is secret",
        "security": "one of three",
        "auth": "one of three",
        "smtp_port": "one of a handful; the host is secret",
        "smtp_security": "one of three",
        "since": "a setting",
        "state": "state",
        "error": "error code",
        "failures": "count",
        "starts": "count",
        "sync_every": "schedule",
        "next_sync_at": "schedule",
        "queued_at": "schedule",
        "lease_until": "one run at a time",
        "fence": "one run at a time",
        "first_synced_at": "time",
        "done_after_days": "a setting",
        "gone_accepted_at": "time",
        "made_at": "time",
    }

    name = SecretField()
    address = SecretField()
    host = SecretField()
    port = models.PositiveIntegerField()
    security = models.CharField(max_length=8, choices=Security.choices, default=Security.TLS)
    username = SecretField()
    auth = models.CharField(max_length=12, choices=Auth.choices, default=Auth.PASSWORD)
    password = SecretField(null=True)  # wiped when host, port, security or user name change
    token = SecretField(null=True)  # OAuth: JSON of accounts.oauth.tokens; wiped like the password

    # Where mail will be sent through. User name and password are IMAP's where these are null.
    smtp_host = SecretField(null=True)
    smtp_port = models.PositiveIntegerField(null=True)
    smtp_security = models.CharField(max_length=8, choices=Security.choices, default=Security.TLS)
    smtp_username = SecretField(null=True)
    smtp_password = SecretField(null=True)

    since = models.DateField(null=True)  # mail that came earlier stays at the provider only
    left_out = SecretField(null=True)  # JSON: names of folders that are not synced

    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    error = models.CharField(max_length=40, default="", blank=True)
    failures = models.PositiveIntegerField(default=0)
    starts = models.PositiveIntegerField(default=0)  # units begun and not ended: three put the account aside
    sync_every = models.PositiveIntegerField(default=300)  # seconds
    next_sync_at = models.DateTimeField(null=True, db_default=Now())
    queued_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    first_synced_at = models.DateTimeField(null=True)
    done_after_days = models.PositiveIntegerField(default=30)  # the first sync marks older mail done
    gone_accepted_at = models.DateTimeField(null=True)  # the reader said that much mail may go
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("mail account")
        verbose_name_plural = _("mail accounts")
        indexes = [
            models.Index(fields=["next_sync_at"], name="account_due", condition=models.Q(state="active")),
        ]
