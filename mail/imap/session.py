"""One logged-in connection, seen as the few questions that a sync asks. Nothing here changes the mailbox."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from accounts.connections import Client
from mail.imap.folders import ListedFolder
from mail.imap.plan import Selected


@dataclass(frozen=True, slots=True)
class Head:
    """Size in bytes (RFC822.SIZE, an estimate with some servers) and INTERNALDATE, aware, if readable."""

    uid: int
    size: int
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail. `complete` False: too large, `raw` is its header only.

    `unreadable`: the server's answer for this mail makes no sense; `raw` is None. Try again another time.
    `received_at` is None where INTERNALDATE is missing or nonsense.
    """

    uid: int
    raw: bytes | None = field(repr=False)
    flags: frozenset[str]
    received_at: datetime | None
    size: int
    complete: bool = True
    unreadable: bool = False


class Session:
    """All methods raise SyncError. Use as a context manager: it logs out."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.logout()

    def list_folders(self) -> list[ListedFolder]:
        """All folders. An empty list is the server's answer, not proof that nothing is there."""
        raise NotImplementedError

    def examine(self, raw_name: bytes) -> Selected:
        """Open a folder read-only: one round trip."""
        raise NotImplementedError

    def uids(self, low: int, high: int) -> list[int]:
        """The UIDs from `low` to `high`, ascending: a complete listing, or an error."""
        raise NotImplementedError

    def flags(self, low: int, high: int, changed_since: int | None = None) -> dict[int, frozenset[str]]:
        """Flags by UID, of all mails or of those changed since a HIGHESTMODSEQ."""
        raise NotImplementedError

    def heads(self, uids: Collection[int]) -> dict[int, Head]:
        """Sizes and dates by UID; a mail that is gone is absent."""
        raise NotImplementedError

    def fetch(self, uids: Collection[int], max_bytes: int) -> list[Fetched]:
        """The mails `uids` at once. All are held in memory: see `stream`."""
        raise NotImplementedError

    def stream(self, uids: Collection[int], max_bytes: int) -> Iterator[list[Fetched]]:
        """The mails `uids` in their order, in batches of at most 500 mails and about 16 MB."""
        raise NotImplementedError

    def logout(self) -> None:
        """Say goodbye and close. Raises nothing."""
        raise NotImplementedError
