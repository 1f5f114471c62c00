"""How one becomes a user: by a link that works once."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.fields import ServerField
from accounts.sealing import Place


class Invitation(models.Model):
    """An invitation that an operator made. The link carries its id, signed; `note` says whom it is for."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "operator": "the rights it gives",
        "made_at": "time",
        "expires_at": "time",
        "used_at": "time",
        "revoked_at": "time",
        "user": "who came by it",
    }

    operator = models.BooleanField(default=False)
    note = ServerField(place=lambda row: row.place())  # the mail address that the operator gave
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="invitations"
    )

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    def place(self) -> Place:
        """Where the note belongs."""
        return Place("server", 0, "accounts.invitation", "note", self.pk)
