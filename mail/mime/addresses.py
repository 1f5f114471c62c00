"""Address lists of RFC 5322 §3.4, read tolerantly and in one pass: names, comments, groups, old routes."""

import re

from mail.mime.parsed import Address
from mail.mime.words import MAX_FIELD, clean, readable

MAX_ADDRESSES = 500
"""The most mailboxes of one header that are read."""

_MAX_EMAIL, _MAX_NAME = 320, 300
# One mailbox in plain ASCII, without commas, escapes and encoded words: nearly all are like that.
_SIMPLE = re.compile(
    r"(?:\"([ !#-+\--<>-\[\]-~]*)\" *|([\w .'-]*+))<([!#-'*+\--9?A-Z^-~]+@[\w.\[\]-]+)>", re.ASCII
)
_BARE = re.compile(r"[\w.+=-]+@[\w.-]+", re.ASCII)
_TOKEN = re.compile(
    r"\"(?>(?:[^\"\\]|\\.)*)\"|\((?>(?:[^()\\]|\\.)*)\)|<[^<>]*+>|[,;:]|[^\",;:<>()]++|.", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def addresses(value: str, charset: str = "") -> tuple[Address, ...]:
    """The mailboxes of a header's raw value, at most 500; groups are flattened, encoded names decoded."""
    simple = _SIMPLE.fullmatch(value)
    if simple:
        return (Address((simple[1] or simple[2] or "").strip(), simple[3]),)
    if _BARE.fullmatch(value):
        return (Address("", value),)
    reader = _Reader(charset)
    for token in _TOKEN.findall(value[:MAX_FIELD]):
        reader.take(token)
        if len(reader.found) >= MAX_ADDRESSES:
            break
    else:
        reader.finish()
    return tuple(reader.found)


class _Reader:
    """Collects the pieces of one mailbox until a comma ends it."""

    def __init__(self, charset: str) -> None:
        self.charset = charset
        self.found: list[Address] = []
        self.start()

    def start(self) -> None:
        self.phrase: list[str] = []
        self.comment = self.email = ""

    def take(self, token: str) -> None:
        match token[0]:
            case "," | ";":
                self.finish()
            case ":":
                self.phrase.clear()  # what stood before is the name of a group
            case "<" if len(token) > 1:
                self.email = token[1:-1].rpartition(":")[2]  # old source routes end at a colon
            case "(" if len(token) > 1:
                self.comment = token[1:-1]
            case '"' if len(token) > 1:
                self.phrase.append(_ESCAPED.sub(r"\1", token[1:-1]))
            case _:
                self.phrase.append(token)

    def finish(self) -> None:
        name = "".join(self.phrase).strip()
        email = self.email
        if not email and "@" in name:
            email, name = _last_word(name)
        name = clean(readable(name or self.comment, self.charset))[:_MAX_NAME]
        email = clean(readable(email, self.charset)).replace(" ", "")[:_MAX_EMAIL]
        if name or email:
            self.found.append(Address(name, email))
        self.start()


def _last_word(text: str) -> tuple[str, str]:
    """The word with the @, and the words around it."""
    words = text.split()
    if all("@" not in word.strip("@") for word in words):
        return "".join(words), ""  # blanks around the @, as RFC 5322 §4.4 once allowed
    spot = max(n for n, word in enumerate(words) if "@" in word.strip("@"))
    return words[spot], " ".join(words[:spot] + words[spot + 1 :])
