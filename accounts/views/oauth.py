"""Sign in to a mail account at its provider (OAuth 2): there, and back.

What comes back is the browser's word. It counts where its state is the one that waits in this reader's
session; where the page goes on to is never taken from it.
"""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import errortexts, events, mailboxes
from accounts.door import ReaderRequest, private_query, short_transactions
from accounts.limits import limited
from accounts.models import MailAccount, SecurityEvent
from accounts.oauth import endpoint, entering, waiting
from accounts.oauth.entering import AccountGone, OtherAddress
from accounts.oauth.providers import NAMES, Provider
from accounts.oauth.tokens import TokenFailed
from accounts.oauth.waiting import Waiting
from accounts.ownership import acting_as

_LONGEST = 4096  # letters of a code or a state

_REFUSED: dict[str, Promise] = {
    "not-begun": gettext_lazy(
        "This answer belongs to nothing that was begun here within ten minutes. Nothing was changed. "
        "Continue with {provider} again."
    ),
    "denied": gettext_lazy("You did not allow it at {provider}. Nothing was changed."),
    "failed": gettext_lazy("{provider} did not go through with it. Nothing was changed. Try again later."),
    "token-revoked": gettext_lazy(
        "{provider} takes this answer no more. Nothing was changed. Continue with {provider} again."
    ),
    "token-server": gettext_lazy(
        "{provider} does not answer as it should. Nothing was changed. Try again later."
    ),
    "identity-missing": gettext_lazy(
        "{provider} did not say whose mail this is. Nothing was changed. Add the account with a password."
    ),
    "scope-missing": gettext_lazy(
        "Reading mail was not allowed at {provider}. Nothing was changed. Continue with {provider} again and "
        "leave the box for mail ticked."
    ),
    "refresh-missing": gettext_lazy(
        "{provider} allowed it for an hour only. Nothing was changed. Continue with {provider} again."
    ),
    "other-address": gettext_lazy(
        "You chose another mailbox at {provider} than this account's. Nothing was changed. Choose the same "
        "one, or add the other as an account of its own."
    ),
    "account-gone": gettext_lazy("The account is no longer here. Nothing was stored."),
}


class Refused(Exception):
    """The way back ends here. `code` is one of the sentences, or of TokenFailed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@never_cache
@require_POST
@limited("oauth", "10/m")
def oauth_start(request: ReaderRequest, provider: str) -> HttpResponse:
    """A page that goes on to the provider; `account` is the mail account to enter, none for a new one.

    It is a page, not a redirect: the policy of the page with the form lets forms go nowhere else.
    """
    chosen = _provider(provider)
    row = _mine(request, request.POST["account"]) if request.POST.get("account") else None
    hint = entering.hint(request.vault, row) if row else ""
    url = waiting.begin(request, chosen, row.pk if row else None, hint)
    return render(request, "accounts/oauth_start.html", {"provider": chosen.name, "url": url})


@never_cache
@private_query
@short_transactions
@require_GET
def oauth_return(request: ReaderRequest, provider: str) -> HttpResponse:
    """The provider sent the reader back: with a code, or with why there is none."""
    chosen = _provider(provider)
    try:
        new = _finish(request, chosen)
    except (Refused, TokenFailed) as failed:
        text = str(_REFUSED.get(failed.code) or errortexts.OAUTH[failed.code])
        messages.error(request, text.format(provider=chosen.name))
    else:
        messages.success(request, _added(chosen) if new else _again(chosen))
    return redirect("accounts:list")


def _finish(request: ReaderRequest, provider: Provider) -> bool:
    """Whether an account was added. Raises Refused, TokenFailed."""
    waited = _answered(request, provider)
    tokens, address = endpoint.exchange(
        provider,
        _given(request, "code"),
        waited.secrets,
        waiting.redirect_uri(provider),
        settings.ALLOWED_MAIL_NETWORKS,
    )
    try:
        with acting_as(request.user):
            new = entering.enter(request.vault, provider, address, tokens, waited.account)
            kinds = SecurityEvent.Kind
            events.record(
                request.user.pk, kinds.MAIL_ACCOUNT_ADDED if new else kinds.MAIL_ACCOUNT_CHANGED, request
            )
    except OtherAddress:
        raise Refused("other-address") from None
    except AccountGone:
        raise Refused("account-gone") from None
    return new


def _answered(request: ReaderRequest, provider: Provider) -> Waiting:
    """What waited for this answer, where it brings a code. Raises Refused."""
    waited = waiting.take(request, provider, _given(request, "state"))
    if waited is None:
        raise Refused("not-begun")
    if error := _given(request, "error"):
        raise Refused("denied" if error == "access_denied" else "failed")
    if not _given(request, "code"):
        raise Refused("failed")
    return waited


def _given(request: ReaderRequest, name: str) -> str:
    return request.GET.get(name, "")[:_LONGEST]


def _provider(key: str) -> Provider:
    provider: Provider | None = settings.OAUTH_PROVIDERS.get(key) if key in NAMES else None
    if provider is None:
        raise Http404
    return provider


def _mine(request: ReaderRequest, pk: str) -> MailAccount:
    if not pk.isascii() or not pk.isdecimal() or len(pk) > 18:
        raise Http404
    row: MailAccount = get_object_or_404(mailboxes.living(request.user), pk=int(pk))
    return row


def _added(provider: Provider) -> str:
    return _("The account was added. {provider} lets us in, and its first sync begins.").format(
        provider=provider.name
    )


def _again(provider: Provider) -> str:
    return _("{provider} lets us in again. The sync goes on.").format(provider=provider.name)
