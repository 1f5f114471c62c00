"""How a mail reached the reader: directly, in copy, through a list, as bulk mail; and who sent it."""

import re
from functools import lru_cache

from mail.pipeline import Contribution, ReaderContext
from mail.triage.headers import is_bulk, is_list, is_robot
from mail.triage.reading import BREAK, Reading
from mail.triage.vocabulary import places, split

MUTED = -9.0  # more than all that could make a mail press
HAIL_REACH = 24
HAIL = re.compile(
    rf"@$|(?:{BREAK}|[.!?])\s(?:(?:hi|hello|hallo|hey|hoi|dear|liebe|lieber|salut|bonjour|ciao|sali|caro|cara|cher|chère"
    r"|buongiorno|guten tag|guten morgen|good morning)\s)?$"
)


def route(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """The way by which the mail came. Only one counts: bulk before list before copy before direct."""
    mail = reading.mail
    if is_bulk(mail):
        return mute("bulk", mail.header("precedence") or "List-Unsubscribe", -3.0)
    if is_list(mail) and not is_named(reading, reader):
        return mute("list", mail.header("list-id"), -3.0)
    if is_copy(reading, reader) and not is_named(reading, reader):
        return [Contribution("urgency", "copy", MUTED)]
    if any(one.email.lower() in reader.addresses for one in mail.to):
        return [Contribution("urgency", "direct", 0.2)]
    return (
        [Contribution("urgency", "circular", 0.0, mail.header("list-id"))] if mail.header("list-id") else []
    )


def mute(code: str, words: str, importance: float) -> list[Contribution]:
    """A way that takes urgency and importance."""
    return [Contribution("urgency", code, MUTED, words), Contribution("importance", code, importance, words)]


def is_copy(reading: Reading, reader: ReaderContext) -> bool:
    """Only in Cc."""
    own = reader.addresses
    if any(one.email.lower() in own for one in reading.mail.to):
        return False
    return any(one.email.lower() in own for one in reading.mail.cc)


def is_named(reading: Reading, reader: ReaderContext) -> str:
    """The words that turn to the reader by name: "Alex, …", "@Alex", "Hi Alex"; empty where none do."""
    for name in first_names(reader.names):
        for at in places(reading.flat, name) if name in reading.tokens else ():
            before = HAIL.search(reading.flat, max(0, at - HAIL_REACH), at)
            after = reading.flat[at + len(name) : at + len(name) + 2]
            if before and (before[0] == "@" or after[:1] in {",", ":", "!"} or after == f" {BREAK}"):
                return f"{before[0].strip(f' .!?{BREAK}')} {name}".strip()
    return ""


@lru_cache(maxsize=64)
def first_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The reader's first names in lower case."""
    return tuple(sorted({words[0] for name in names if (words := split(name.lower()))}))


def sender(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """Machines: absence notes press nobody; other automatic mail a little less than a person's."""
    submitted = reading.mail.header("auto-submitted").lower()
    if "auto-replied" in submitted or "x-autoreply" in reading.mail.headers:
        return mute("absence", submitted, -3.0)
    if submitted.startswith("auto-") or is_robot(reading.mail):
        return [Contribution("urgency", "automatic", -0.5, reading.mail.sender.email[:80])]
    return []
