"""Long work on all of a reader's data: taking it out, bringing it in, ending it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.ownership import Owned


class Transfer(Owned):
    """One such work, with its progress. One of a kind at a time a reader."""

    class Kind(models.TextChoices):
        EXPORT = "export"
        IMPORT = "import"
        DELETE_ACCOUNT = "delete-account"
        DELETE_USER = "delete-user"

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "kind": "one of four",
        "target": "names rows",
        "done": "count",
        "total": "count",
        "started_at": "time",
        "moved_on_at": "time; what stands still was left",
        "finished_at": "time",
        "error": "error code",
    }

    kind = models.CharField(max_length=16, choices=Kind.choices)
    target = models.BigIntegerField(null=True)  # the mail account
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    started_at = models.DateTimeField(auto_now_add=True)
    moved_on_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=40, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "kind"], condition=Q(finished_at=None), name="transfer_one_at_a_time"
            )
        ]
