"""With whom a page offers to continue."""

from dataclasses import dataclass

from django.conf import settings

from accounts.keyring import WorkerKeys
from accounts.models import MailAccount
from accounts.oauth.providers import NAMES


@dataclass(frozen=True, slots=True)
class Ways:
    """See templates/accounts/_continue_with.html: keys with names, and names that are not switched on."""

    offered: tuple[tuple[str, str], ...] = ()
    off: tuple[str, ...] = ()


def for_new() -> Ways:
    """Of an account that is to be added."""
    return _ways(tuple(NAMES))


def for_provider(key: str) -> Ways:
    """Of a provider by its key; of none where it is ""."""
    return _ways((key,) if key else ())


def for_row(keys: WorkerKeys, row: MailAccount) -> Ways:
    """Of an account: the provider that it is entered with, or whose mail server it is on."""
    if row.auth in NAMES:
        return _ways((row.auth,))
    host = keys.open_text(row, "host").lower()
    return _ways(tuple(key for key, one in settings.OAUTH_PROVIDERS.items() if one.imap.host == host))


def _ways(keys: tuple[str, ...]) -> Ways:
    offered = settings.OAUTH_PROVIDERS
    return Ways(
        tuple((key, NAMES[key]) for key in keys if key in offered),
        tuple(NAMES[key] for key in keys if key not in offered),
    )
