"""The vault over a long work: a lock or a sign-out ends it at the next page.

The work itself is an act of the reader, so that no clock of idleness ends it; the absolute one does.
"""

from dataclasses import dataclass, field, replace

from django.utils import timezone

from accounts import unlocking
from accounts.keyring import Vault
from accounts.models import ReaderSession


class VaultShut(Exception):
    """It was locked, or the session ended."""


@dataclass(frozen=True, slots=True)
class OpenVault:
    """The vault as a request found it, and the session that it was open in."""

    vault: Vault = field(repr=False)
    session: ReaderSession

    @property
    def owner(self) -> int:
        """The reader's id."""
        return self.vault.owner

    def still(self) -> Vault:
        """The vault, without the content keys of the page before. In a transaction of the reader's.

        Raises VaultShut.
        """
        mine = ReaderSession.objects.for_user(self.owner).filter(pk=self.session.pk, locked_at=None)
        if unlocking.ends_at(self.session) <= timezone.now() or not mine.exists():
            raise VaultShut
        unlocking.act(self.session, self.vault)
        return replace(self.vault, _content={})
