"""The plain columns in everyday words: what this server can read of a reader at any time."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.checks import our_models
from accounts.fields import ProtectedField


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of plain knowledge: `text` says what, `columns` how many columns hold it."""

    text: Promise
    columns: int


#: What the reasons of the models' PLAIN mean to a reader. A reason that no group names fails a test.
GROUPS: tuple[tuple[Promise, tuple[str, ...]], ...] = (
    (
        _("Your user name, your language and time zone, and whether you are an operator."),
        (
            *("sign-in looks it up before any key is there", "pages before sign-in"),
            *("times of background work", "operator's rights", "the door", "the rights it gives"),
        ),
    ),
    (
        _("Times: when a mail arrived, when something was stored, synced, done, or signed in."),
        ("time", "the half minute of the last code", "the next time its cell changes"),
    ),
    (_("Sizes and counts: how large a mail is, how many mails a sync brought."), ("size", "count")),
    (
        _("Which mail lies in which folder, account and thread: by number, never by name."),
        (
            *("names rows", "ownership", "index batch membership", "lets one session end another"),
            *("sign-out ends what lives", "the work it was lent for", "who came by it"),
            "whose second factor it is",
        ),
    ),
    (_("The numbers by which your mail server names a mail."), ("the server's",)),
    (_("What a folder is for: inbox, sent, drafts, junk, trash."), ("which lists a mail belongs to",)),
    (
        _("Marks of a mail: read, flagged, answered, whether it has an attachment or an invitation."),
        ("flag", "mark in lists"),
    ),
    (
        _("Where a mail stands in the matrix: urgency, importance, category, and whether it is spam."),
        ("lists sort and count by it",),
    ),
    (
        _("States and settings: how often to sync, from which date on, paused or not, what failed."),
        (
            *("state", "a setting", "schedule", "one run at a time", "one of", "error code", "order"),
            *("whether marks were passed over", "what set it off"),
        ),
    ),
    (
        _("For how long you lend a key, and what happened at the door: kinds and times, no details."),
        ("the reader's choice", "what the grant is for", "operators see what happens at the door"),
    ),
    (
        _("What checks your password, codes and passkeys, and opens nothing: hashes and public keys."),
        (
            *("Argon2id", "SHA-256", "needed before the key is there", "workers seal mail to it"),
            *("how wrong the phone's clock is", "the word authenticator"),
            *("the browser looks its key up", "checks signatures", "how browsers reach it"),
        ),
    ),
)


def plain() -> list[Group]:
    """The groups, and how many columns of our models each has."""
    counts = Counter(_group(reason) for model in our_models() for reason in _reasons(model))
    return [Group(text, counts[at]) for at, (text, _starts) in enumerate(GROUPS)]


def protected() -> Counter[str]:
    """How many columns are sealed, secret, keyed, or under the server's keys."""
    fields = [field for model in our_models() for field in model._meta.concrete_fields]
    return Counter(field.privacy for field in fields if isinstance(field, ProtectedField))


def _reasons(model: Any) -> list[str]:
    return list(model.PLAIN.values())


def _group(reason: str) -> int:
    """The group that names the reason. Raises LookupError."""
    for at, (_text, starts) in enumerate(GROUPS):
        if reason.startswith(starts):
            return at
    raise LookupError(reason)
