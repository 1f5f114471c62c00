"""What a mail says, once read: the shapes that parsing gives and triage, rules and pages take."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of RFC 5322 §3.4: a display name (may be empty) and an addr-spec (may be empty)."""

    name: str
    email: str

    @property
    def domain(self) -> str:
        """The part behind the last @, in lower case; empty where there is none."""
        return self.email.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the body. `index` is its place among the leaf parts, in the order of the source."""

    index: int
    name: str
    content_type: str
    size: int
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A mail as far as it could be read.

    `text` is the visible text (from text/plain, else from the HTML), at most a million characters;
    `html` the decoded HTML source, or empty. `headers` has lower-case names and decoded, unfolded values,
    all of them in order. `readable` is False where the mail was out of bounds and only its source may be
    shown; `defects` are short codes of what was odd ("bad-base64", "no-date", "unknown-charset", …).
    """

    subject: str = ""
    senders: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    message_id: str = ""
    references: tuple[str, ...] = ()  # References, then In-Reply-To, each once, oldest first
    date: datetime | None = None
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    attachments: tuple[Attachment, ...] = ()
    has_invitation: bool = False
    readable: bool = True
    defects: tuple[str, ...] = ()

    @property
    def sender(self) -> Address:
        """The first From mailbox, or an empty one."""
        return self.senders[0] if self.senders else Address("", "")

    def header(self, name: str) -> str:
        """The first value of a header, by its lower-case name; empty where there is none."""
        values = self.headers.get(name)
        return values[0] if values else ""
