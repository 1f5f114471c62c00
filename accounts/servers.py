"""The servers of a mail account with what opens them: typed a moment ago, or stored for this very place."""

from dataclasses import replace

from django.conf import settings

from accounts import mailboxes, presets
from accounts.connections import Server
from accounts.keyring import Vault
from accounts.mailboxes import Details
from accounts.models import MailAccount
from accounts.oauth import renewing


def of(vault: Vault, details: Details, row: MailAccount | None) -> tuple[Server, Server | None]:
    """The server of IMAP, and that for sending where there is one.

    `details` must have passed the form: what is stored is for these places, or something was typed. Raises
    TokenFailed, CannotOpen.
    """
    imap = details.server(mailboxes.password_of(vault, row) if row else "")
    sending = details.smtp_server(mailboxes.smtp_password_of(vault, row) if row else "")
    if row is None or row.auth == MailAccount.Auth.PASSWORD or details.password:
        return imap, sending
    imap = replace(imap, token=renewing.access_token(vault, row))
    own = details.smtp is not None and details.smtp.own_password
    if sending and not own and sends_by_token(details):
        sending = replace(sending, token=imap.token)
    return imap, sending


def sends_by_token(details: Details) -> bool:
    """Whether the server for sending is of the provider that the reader signs in at: tokens go there only."""
    provider = settings.OAUTH_PROVIDERS.get(details.auth)
    hosts = {preset.smtp.host for preset in presets.PRESETS if preset.oauth == details.auth}
    hosts |= {provider.smtp.host} if provider else set()
    return details.smtp is not None and details.smtp.host.lower() in hosts
