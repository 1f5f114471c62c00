"""The demo mails as they are written down: `mails/*.toml`, one `[[mail]]` each, read into `Entry`."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
READER = "Alex Demo <alex@firma.example>"


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail as written down; dates in it are still placeholders (see `mail.demo.dates`)."""

    id: str
    age: str
    sender: str  # "from" in the file
    subject: str
    lang: str  # de, en, fr or it
    expect: str = ""  # "u3i2": the cell it is meant for; for tests, never sent
    folder: str = "INBOX"
    to: str = READER
    cc: str = ""
    flags: tuple[str, ...] = ()  # seen, flagged, answered, draft, junk
    headers: dict[str, str] = field(default_factory=dict)
    raw_headers: dict[str, str] = field(default_factory=dict)  # put in as latin-1 bytes, however wrong
    text: str = ""
    html: str = ""  # "auto": made from the text, as mail programs do
    html_file: str = ""  # a file in html/
    charset: str = "utf-8"
    flowed: bool = False  # RFC 3676
    reply_to: str = ""  # id of the mail that this one answers
    quote: bool = False  # the answered mail stands below, quoted
    attach: tuple[dict[str, Any], ...] = ()  # see mail.demo.parts
    inline: tuple[dict[str, Any], ...] = ()  # the same with "cid"
    event: dict[str, str] = field(default_factory=dict)


def entries() -> list[Entry]:
    """All demo mails in the order of the files; raises TypeError for an unknown key."""
    found: list[Entry] = []
    for path in sorted((HERE / "mails").glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        found.extend(_entry(row) for row in table["mail"])
    return found


def _entry(row: dict[str, Any]) -> Entry:
    row["sender"] = row.pop("from")
    for key in ("flags", "attach", "inline"):
        row[key] = tuple(row.get(key, ()))
    return Entry(**row)
