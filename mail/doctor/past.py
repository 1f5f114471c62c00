"""What syncs of the last days saw of a server's limits."""

from datetime import timedelta

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import errortexts
from accounts.models import MailAccount
from mail.doctor.report import Section
from mail.models import SyncRun

_LOOKS_BACK = timedelta(days=7)
_LIMITS = ("throttled", "server-busy", "too-slow", "connect-timeout", "connection-lost", "server-closed")


def examine(account: MailAccount) -> Section:
    """How often a sync ended early in the last week, by reason. In the reader's transaction."""
    section = Section(_("Syncs of the last seven days"))
    mine = SyncRun.objects.for_user(account.owner_id).filter(account=account)
    ended = mine.filter(finished_at__gt=timezone.now() - _LOOKS_BACK)
    section.add(_("Syncs"), "note", str(ended.count()))
    reasons = ended.filter(error__in=_LIMITS).values_list("error").annotate(n=Count("pk")).order_by("-n")
    for code, n in reasons:
        text = ngettext("{n} time", "{n} times", n).format(n=n)
        advice = _slower() if code in ("throttled", "server-busy") else ""
        section.add(text, "warn", errortexts.text_of(code), advice)
    return section


def _slower() -> str:
    return _("If that happens often, let mail be looked for less often.")
