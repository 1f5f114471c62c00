"""What the detectors look at: a mail's own words, found and counted once."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from mail.mime.parsed import Parsed
from mail.pipeline import Incoming, ReaderContext
from mail.triage.headers import is_bulk, is_list
from mail.triage.vocabulary import Found, places, split, vocabulary

SUBJECT_LIMIT = 1_000
LIMIT = 20_000  # characters of visible text that are looked at
MANY_LIMIT = 2_000  # the same in mail to many, whose headers say most
BREAK = "¶"  # stands for the end of a paragraph, and of the subject
REACH = 160  # characters either side in which a sentence's ends are sought
NOTHING = Found()

END = re.compile(rf"(?:[^\W\d]{{2}}|\d{{4}}|\d\d\.\d\d)\.\s|[!?](?=\s|$)|{BREAK}")
ATTRIBUTION = ("wrote:", "writes:", "schrieb:", "geschrieben:", "écrit :", "écrit:", "ha scritto:")
ORIGINAL = ("ursprüngliche nachricht", "original message", "message d'origine", "messaggio originale")
SENT = ("gesendet:", "sent:", "envoyé :", "envoyé:", "inviato:")
RULE = 20  # dashes that end an original message

PLAIN_SIGNS = {sign: "'" for sign in "’‘"} | {sign: '"' for sign in "«»„“”‹›–—…•·"}
PLAIN_SIGNS |= {sign: "" for sign in "\u00ad\u200b\u200c\ufeff"}  # seen by nobody


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail made ready: `flat` is subject and own text in lower case on one line, `tokens` its words, each
    once and in order, `found` the topics met."""

    mail: Parsed
    received: date  # in the reader's zone
    today: date
    flat: str
    tokens: dict[str, None]
    found: dict[str, Found]
    marks: dict[str, list[int]] = field(default_factory=dict)  # where topics stand, once it was asked

    def topic(self, name: str) -> str:
        """The word by which a topic is met, or an empty string."""
        return self.found.get(name, NOTHING).word

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """The bounds of the sentence around a place, at most REACH away."""
        low = max(0, start - REACH)
        ends = [match.end() for match in END.finditer(self.flat, low, start)]
        after = END.search(self.flat, end, end + REACH)
        return (ends[-1] if ends else low), (after.end() if after else min(len(self.flat), end + REACH))

    def places(self, name: str) -> list[int]:
        """Where the strong words of a topic stand."""
        if name not in self.marks:
            texts = self.found.get(name, NOTHING).strong
            self.marks[name] = [at for text in texts for at in places(self.flat, text)]
        return self.marks[name]


def read(mail: Incoming, reader: ReaderContext) -> Reading:
    """Make a mail ready for the detectors."""
    many = is_bulk(mail.parsed) or is_list(mail.parsed)
    body = mail.parsed.text[: MANY_LIMIT if many else LIMIT].replace("\r\n", "\n").lower()
    flat = flatten(f"{mail.parsed.subject[:SUBJECT_LIMIT].lower()}\n\n{own_text(body)}")
    tokens = dict.fromkeys(split(flat))
    at = mail.received_at if 1971 <= mail.received_at.year <= 2199 else reader.now
    received = at.astimezone(reader.time_zone).date()
    today = max(received, reader.now.astimezone(reader.time_zone).date())
    return Reading(mail.parsed, received, today, flat, tokens, vocabulary().find(tokens, flat))


def flatten(text: str) -> str:
    """Composed letters, plain signs, one space between words, BREAK between paragraphs."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        for odd, plain in PLAIN_SIGNS.items():
            text = text.replace(odd, plain)
    return " ".join(text.replace("\n\n", f" {BREAK} ").split())


def own_text(text: str) -> str:
    """What the sender wrote, of a text in lower case: without quoted lines and original messages, unless
    nothing else is there."""
    if any(mark in text for mark in (*ORIGINAL, *SENT)):
        lines = without_originals(text.split("\n"))
    elif ">" in text:
        lines = text.split("\n")
    else:
        return text
    own = "\n".join([line for line in lines if line[:1] != ">" and not line.endswith(ATTRIBUTION)])
    return own if own.strip() else text


def without_originals(lines: Sequence[str]) -> list[str]:
    """The lines outside messages quoted whole; a long rule ends such a message."""
    own: list[str] = []
    skipping = False
    for line in lines:
        bare = line.strip()
        if skipping:
            skipping = not is_rule(bare)
        elif opens_original(bare):
            skipping = True
        else:
            own.append(line)
    return own


def opens_original(bare: str) -> bool:
    """Whether a line stands at the head of a message quoted whole."""
    return bare.startswith(SENT) or (bare.startswith("-----") and bare.strip("- ").startswith(ORIGINAL))


def is_rule(bare: str) -> bool:
    """Whether a line is a long row of dashes or underscores."""
    return len(bare) >= RULE and (bare.strip("-") == "" or bare.strip("_") == "")
