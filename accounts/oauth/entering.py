"""A mail account that is entered with a provider's tokens: made, or given new ones."""

from dataclasses import replace

from django.db.models import F

from accounts import keyring, mailboxes
from accounts.keyring import Vault
from accounts.mailboxes import Details, Outgoing
from accounts.models import MailAccount
from accounts.oauth import renewing
from accounts.oauth.providers import Provider
from accounts.oauth.tokens import TokenSet
from accounts.ownership import acting_as


class OtherAddress(Exception):
    """The reader chose another mailbox at the provider than the account's."""


class AccountGone(Exception):
    """The account was deleted meanwhile."""


def enter(vault: Vault, provider: Provider, address: str, tokens: TokenSet, pk: int | None) -> bool:
    """Store the tokens with the account `pk`, or with that of this mailbox, or with a new one: True then.

    Raises OtherAddress, AccountGone; nothing is changed then.
    """
    with acting_as(vault.owner):
        keyring.hold(vault)  # two at once make one account
        row = _named(vault, pk, address) if pk else _known(vault, provider, address)
        new = row is None
        if row is None:
            row = mailboxes.add(vault, _details(provider, address))
        else:
            _move(vault, row, provider, address)
        _store(vault, row, provider, tokens)
        mailboxes.sync_now(row)
    return new


def hint(vault: Vault, row: MailAccount) -> str:
    """The address to offer at the provider."""
    username = vault.open_text(row, "username")
    return username if "@" in username else vault.open_text(row, "address")


def _named(vault: Vault, pk: int, address: str) -> MailAccount:
    """The account that the reader began from."""
    row = mailboxes.living(vault.owner).select_for_update().filter(pk=pk).first()
    if row is None:
        raise AccountGone
    if address not in {vault.open_text(row, name).lower() for name in ("username", "address")}:
        raise OtherAddress
    return row


def _known(vault: Vault, provider: Provider, address: str) -> MailAccount | None:
    """The account of the same mailbox, if there is one."""
    mine = mailboxes.living(vault.owner).select_for_update().filter(auth=provider.key)
    return next((row for row in mine if vault.open_text(row, "username").lower() == address), None)


def _move(vault: Vault, row: MailAccount, provider: Provider, address: str) -> None:
    """To the provider's own server, wherever a password was used before."""
    place, now = provider.imap, mailboxes.read(vault, row)
    there = replace(now, host=place.host, port=place.port, security=place.security, username=address)
    if there.place == now.place:
        return
    if row.auth == provider.key:  # to give the old tokens back could end the new ones too
        MailAccount.objects.for_user(vault.owner).filter(pk=row.pk).update(token=None)
    mailboxes.change(vault, row, there)


def _details(provider: Provider, address: str) -> Details:
    place, smtp = provider.imap, provider.smtp
    return Details(
        name=address,
        address=address,
        host=place.host,
        port=place.port,
        security=place.security,
        username=address,
        smtp=Outgoing(smtp.host, smtp.port, smtp.security),
    )


def _store(vault: Vault, row: MailAccount, provider: Provider, tokens: TokenSet) -> None:
    """The tokens stay at their provider's place, where they are for. A run with the old ones is overtaken."""
    row.auth, row.password = provider.key, None
    renewing.keep(vault, row, tokens)
    mine = MailAccount.objects.for_user(vault.owner).filter(pk=row.pk)
    mine.update(auth=row.auth, password=None, fence=F("fence") + 1, lease_until=None)
