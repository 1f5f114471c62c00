"""What fetched mail passes through before it is sealed: the steps of settings.MAIL_PIPELINE, in order.

A step is `step(mails: Sequence[Incoming], reader: ReaderContext) -> None`: it takes a whole batch, fills in
what it knows, and does no I/O. This file is pure; `mail.sync` loads the steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from mail.mime.parsed import Parsed


@dataclass(frozen=True, slots=True)
class Contribution:
    """One named reason for a verdict.

    `target` is "urgency", "importance" or "spam"; `code` names the reason and its translation
    ("deadline-near"); `weight` is what it adds; `words` is the text of the mail that it rests on.
    """

    target: str
    code: str
    weight: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a mail stands: urgency and importance 1 to 3, score 2·urgency + importance (3 to 9)."""

    urgency: int = 1
    importance: int = 1
    category: str = "info"  # "action", "info" or "archive"
    spam: bool = False
    contributions: tuple[Contribution, ...] = ()
    deadline: datetime | None = None
    rises_at: datetime | None = None  # when its cell next changes, as the deadline comes nearer

    @property
    def score(self) -> int:
        """2·urgency + importance."""
        return 2 * self.urgency + self.importance


@dataclass(frozen=True, slots=True)
class ReaderContext:
    """Whose mail this is, as far as a step may know."""

    addresses: frozenset[str]  # the reader's own mail addresses, lower case
    names: tuple[str, ...]  # how others may call the reader: display names
    time_zone: ZoneInfo
    now: datetime  # aware


@dataclass(slots=True)
class Incoming:
    """A mail on its way in. `received_at` is INTERNALDATE, aware; `role` its folder's ("inbox", …)."""

    uid: int
    raw: bytes = field(repr=False)
    flags: frozenset[str]
    received_at: datetime
    size: int
    role: str
    parsed: Parsed = field(repr=False)
    verdict: Verdict = field(default_factory=Verdict)


Step = Callable[[Sequence[Incoming], ReaderContext], None]
