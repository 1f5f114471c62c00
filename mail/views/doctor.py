"""The connection doctor of a mail account."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import errortexts, mailboxes, servers
from accounts.door import ReaderRequest, short_transactions
from accounts.limits import limited
from accounts.mailboxes import Details
from accounts.models import MailAccount
from accounts.oauth.providers import NAMES
from accounts.oauth.tokens import TokenFailed
from accounts.ownership import acting_as
from mail.doctor import imap, past, sending
from mail.doctor.report import Section


@short_transactions
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("test-connection", "10/m")
def doctor(request: ReaderRequest, pk: int) -> HttpResponse:
    """GET shows the page, POST looks. No transaction is open while servers answer."""
    with acting_as(request.user):
        row = get_object_or_404(mailboxes.living(request.user), pk=pk)
        details = mailboxes.read(request.vault, row)
        seen = past.examine(row)
    sections = [*_look(request, row, details), seen] if request.method == "POST" else []
    with acting_as(request.user):
        context = {"account": {"pk": row.pk, "name": details.name}, "sections": sections}
        return render(request, "mail/doctor.html", context)


def _look(request: ReaderRequest, row: MailAccount, details: Details) -> list[Section]:
    allowed, provider = settings.ALLOWED_MAIL_NETWORKS, NAMES.get(row.auth, "")
    try:
        server, outgoing = servers.of(request.vault, details, row)
    except TokenFailed as failed:
        section = Section("IMAP")
        section.add(provider, "bad", errortexts.text_of(failed.code, provider))
        return [section]
    found = imap.examine(server, allowed, provider)
    return [*found, sending.examine(outgoing, allowed, provider)] if outgoing else found
