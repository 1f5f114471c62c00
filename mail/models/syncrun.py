"""One sync of one account, as the reader watches it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import MailAccount
from accounts.ownership import Owned


class SyncRun(Owned):
    """Live counts while it runs, the result afterwards. A run may take many units of work."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "account": "names rows",
        "started_at": "time",
        "moved_on_at": "time",
        "finished_at": "time",
        "full": "whether marks were passed over",
        "error": "error code",
        "wanted": "count",
        "stored": "count",
        "matched": "count",
        "changed": "count",
        "gone": "count",
        "dropped": "count",
        "doubted": "count",
        "opaque": "count",
        "unreadable": "count",
        "units": "count",
    }

    account = models.ForeignKey(MailAccount, on_delete=models.CASCADE, related_name="runs")
    started_at = models.DateTimeField(auto_now_add=True)
    moved_on_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)
    full = models.BooleanField(default=False)  # no folder is passed over as unchanged
    error = models.CharField(max_length=40, default="", blank=True)
    wanted = models.BigIntegerField(default=0)  # mails to fetch
    stored = models.BigIntegerField(default=0)
    matched = models.BigIntegerField(default=0)  # fetched, and found to be a row that we have
    changed = models.BigIntegerField(default=0)
    gone = models.BigIntegerField(default=0)
    dropped = models.BigIntegerField(default=0)
    doubted = models.BigIntegerField(
        default=0
    )  # gone from the server, too many to believe: the reader is asked
    opaque = models.BigIntegerField(default=0)  # stored, but only the source can be shown
    unreadable = models.BigIntegerField(default=0)  # the server's answer made no sense: tried again next time
    units = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("sync run")
        verbose_name_plural = _("sync runs")
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(finished_at=None), name="syncrun_one_open"
            )
        ]
        indexes = [models.Index(fields=["account", "-started_at"], name="syncrun_recent")]
