"""Folders as a server lists them, read line by line and with tolerance."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """`raw_name` is the server's own spelling and the key; `name` is for people.

    `role` is inbox, sent, drafts, junk, trash, archive, all, flagged or other.
    """

    raw_name: bytes
    name: str
    delimiter: str
    role: str
    selectable: bool
