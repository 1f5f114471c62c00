"""The words that detectors know: read once from words/*.toml, found in one pass over a mail's tokens.

An entry is a whole word ("arzt"), a beginning ("steuer*"), an ending ("*rechnung") or a phrase ("no rush").
Each file is a topic; in it one strong entry is enough, of the weak ones two are needed.
"""

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "words"
CALENDAR = "calendar"  # the one file that is no topic
LETTERS = bytes(byte if byte > 127 or chr(byte).isalnum() or byte == 95 else 32 for byte in range(256))
DIGRAPHS = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"}
LONG = 6  # letters of a word from which its parts count
KEY = 4  # letters by which entries are looked up
COMMON_LENGTH = 4  # words up to this length are common ones
PLACES = 12  # so many places of one entry are looked at in a mail


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a word list. `text` is bare of its star; `tokens` are a phrase's whole words."""

    topic: str
    strong: bool
    text: str
    kind: str  # "word", "beginning", "ending", "phrase" or "open phrase"
    tokens: frozenset[str] = frozenset()

    def stands_in(self, flat: str) -> bool:
        """Whether a phrase is met in a text that holds its words."""
        return self.text in flat and (
            self.kind == "open phrase" or any(True for _ in places(flat, self.text))
        )


@dataclass(slots=True)
class Found:
    """What a mail was found to hold of one topic: the entries' texts in the order met."""

    strong: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        """The word the topic rests on; empty where the topic is not met."""
        if self.strong:
            return self.strong[0]
        return self.weak[0] if len(self.weak) > 1 else ""


def split(text: str) -> list[str]:
    """The words of a text: runs of letters, digits and underscores. (Bytes: four times as fast as \\w+.)"""
    return text.encode("utf-8", "replace").translate(LETTERS).decode().split()


def places(flat: str, text: str) -> Iterator[int]:
    """Where a phrase stands as whole words, at most PLACES of its places looked at."""
    start = flat.find(text)
    for _ in range(PLACES):
        if start < 0:
            return
        end = start + len(text)
        if not (joins(flat, start - 1, text[0]) or joins(flat, end, text[-1])):
            yield start
        start = flat.find(text, end)


def joins(flat: str, at: int, edge: str) -> bool:
    """Whether the character at a place continues the word whose edge is given."""
    return 0 <= at < len(flat) and edge.isalnum() and flat[at].isalnum()


class Vocabulary:
    """All topics, looked up by whole tokens, by the first letters of a token and by the last."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.words: dict[str, list[Entry]] = {}
        self.phrases: dict[str, list[Entry]] = {}
        self.heads: dict[str, list[Entry]] = {}
        self.tails: dict[str, list[Entry]] = {}
        uses = Counter(token for entry in entries for token in entry.tokens)
        for entry in entries:
            if entry.kind == "beginning":
                self.heads.setdefault(entry.text[:KEY], []).append(entry)
            elif entry.kind == "ending":
                self.tails.setdefault(entry.text[-KEY:], []).append(entry)
            elif entry.kind == "word":
                self.words.setdefault(entry.text, []).append(entry)
            else:
                self.phrases.setdefault(rarest(entry.tokens, uses), []).append(entry)

    def find(self, tokens: Mapping[str, None], flat: str) -> dict[str, Found]:
        """What topics a mail holds. `tokens` are its words, each once; `flat` the text they stand in."""
        found: dict[str, Found] = {}
        for token in sorted(self.words.keys() & tokens.keys()):
            for entry in self.words[token]:
                note(found, entry)
        for token in sorted(self.phrases.keys() & tokens.keys()):
            for entry in self.phrases[token]:
                if tokens.keys() >= entry.tokens and entry.stands_in(flat):
                    note(found, entry)
        for token, entry in self.parts(tokens):
            if token.startswith(entry.text) if entry.kind == "beginning" else token.endswith(entry.text):
                note(found, entry)
        return found

    def parts(self, tokens: Iterable[str]) -> Iterator[tuple[str, Entry]]:
        """The beginnings and endings that share some letters with a long token."""
        heads, tails = self.heads, self.tails
        long = [token for token in tokens if len(token) >= LONG]
        yield from [(token, entry) for token in long if token[:KEY] in heads for entry in heads[token[:KEY]]]
        yield from [
            (token, entry) for token in long if token[-KEY:] in tails for entry in tails[token[-KEY:]]
        ]


def rarest(tokens: Iterable[str], uses: Mapping[str, int]) -> str:
    """The word of a phrase that is least likely to be met: used by the fewest phrases, then the longest."""
    return min(sorted(tokens), key=lambda token: (len(token) <= COMMON_LENGTH, uses[token], -len(token)))


def note(found: dict[str, Found], entry: Entry) -> None:
    """Add an entry to what was found, each text once."""
    topic = found.setdefault(entry.topic, Found())
    texts = topic.strong if entry.strong else topic.weak
    if entry.text not in texts:
        texts.append(entry.text)


@cache
def vocabulary() -> Vocabulary:
    """The words of all topics."""
    return Vocabulary([entry for path in sorted(FOLDER.glob("*.toml")) for entry in read(path)])


@cache
def calendar() -> dict[str, dict[str, Any]]:
    """The closed words of dates: weekday, month, offset, unit and number by word; cue lists by name."""
    return tomllib.loads((FOLDER / f"{CALENDAR}.toml").read_text(encoding="utf-8"))


def read(path: Path) -> Iterator[Entry]:
    """The entries of one topic, with the spellings of writers who have no umlauts."""
    if path.stem == CALENDAR:
        return
    for strength, languages in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for text in sorted(
            {spelling for line in languages.values() for one in line for spelling in spellings(one)}
        ):
            yield entry_of(path.stem, strength == "strong", text)


def spellings(text: str) -> set[str]:
    """A word as it stands, with ss for ß, with ae oe ue, and without French and Italian accents."""
    swiss = text.replace("ß", "ss")
    digraphs = swiss.translate(DIGRAPHS)
    bare = "".join(sign for sign in unicodedata.normalize("NFD", swiss) if not unicodedata.combining(sign))
    return {text, swiss, digraphs} | ({bare} if not set("äöü") & set(swiss) else set())


def entry_of(topic: str, strong: bool, text: str) -> Entry:
    """One line of a word list as an entry. Raises ValueError where a part is too short to be looked up."""
    bare = text.strip("*")
    words = split(bare)
    if bare == words[0] and bare != text:
        if len(bare) < KEY or len(text) - len(bare) > 1:
            raise ValueError(f"{topic}: {text}")
        return Entry(topic, strong, bare, "ending" if text.startswith("*") else "beginning")
    if bare == words[0]:
        return Entry(topic, strong, bare, "word", frozenset(words))
    kind = "phrase" if text == bare else "open phrase"
    return Entry(topic, strong, bare, kind, frozenset(words if text == bare else words[:-1]))
