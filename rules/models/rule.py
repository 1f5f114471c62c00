"""What the reader wants done with mail that meets conditions."""

from typing import ClassVar

from django.db import models

from accounts.fields import SealedField, SecretField
from accounts.models import MailAccount
from accounts.ownership import Owned
from mail.models import Email


class Rule(Owned):
    """Conditions and actions are secret: ingest needs them while the reader is away."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "account": "names rows",
        "position": "order",
        "enabled": "state",
        "failures": "count",
        "made_at": "time",
        "changed_at": "time",
    }

    account = models.ForeignKey(MailAccount, null=True, on_delete=models.CASCADE, related_name="rules")
    name = SecretField()
    definition = SecretField()  # JSON: conditions, actions, when, stop
    position = models.PositiveIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)


class RuleRun(Owned):
    """A rule that met a mail, once an event."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "owner": "ownership",
        "rule": "names rows",
        "email": "names rows",
        "event": "what set it off",
        "state": "state",
        "error": "error code",
        "at": "time",
    }

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="runs")
    email = models.ForeignKey(Email, on_delete=models.CASCADE, related_name="rule_runs")
    event = models.CharField(max_length=16)
    state = models.CharField(max_length=12)
    error = models.CharField(max_length=40, default="", blank=True)
    detail = SealedField(null=True)  # the condition that matched, the words, each action's result
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "email", "event"], name="rule_run_once")]
