"""All of a reader's mail as one ZIP archive, written while it is read from the sealed rows.

The web process streams it: each page is opened in a transaction of its own and sent before the next, so that
nothing readable is ever on disk and memory stays as small for any mailbox. A lock or a sign-out ends it at
the next page; the archive then has no directory at its end, and no program takes it for whole.
"""

import errno
import io
import json
import zipfile
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import zstandard
from django.utils import timezone

from accounts import transfers
from accounts.keyring import Vault
from accounts.models import Transfer
from accounts.ownership import acting_as
from accounts.sealing import CannotOpen
from accounts.transfers import TransferLost
from mail import reading
from mail.models import Email
from mailhelper.leaving.describing import Description, FolderFile, describe
from mailhelper.leaving.mbox import write_entry
from mailhelper.leaving.names import PREFIX
from mailhelper.leaving.opened import OpenVault, VaultShut
from mailhelper.leaving.records import write_gone, write_record
from tags.models import EmailTag

_AT_ONCE = 50
_BYTES_AT_ONCE = 2_000_000  # or one mail
_RECORDS_AT_ONCE = 500
_LEVEL = 1  # of zlib: what is sent is no smaller by much, and made four times as fast


class _Sink(io.RawIOBase):
    """Where zipfile writes: it cannot be sought in, so that sizes follow each member."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def tell(self) -> int:
        raise io.UnsupportedOperation

    def take(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


@dataclass(slots=True)
class _Export:
    """One that is under way. `shut` counts mails that do not open."""

    work: Transfer
    opened: OpenVault
    readme: str
    made_at: datetime = field(default_factory=timezone.now)
    sink: _Sink = field(default_factory=_Sink)
    archive: zipfile.ZipFile = field(init=False)
    shut: int = 0
    done: int = 0

    @property
    def owner(self) -> int:
        return self.opened.owner

    def member(self, name: str) -> Any:
        """A file of the archive, to be written to."""
        info = zipfile.ZipInfo(f"{folder_name(self.made_at)}/{name}", self.made_at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        cast(Any, info)._compresslevel = _LEVEL
        return self.archive.open(info, "w", force_zip64=True)


def begin(owner: int) -> Transfer | None:
    """The reader's one export; None while another is under way."""
    with acting_as(owner):
        mails = Email.objects.for_user(owner).count()
    return transfers.claim(owner, Transfer.Kind.EXPORT, total=mails)


def folder_name(made_at: datetime) -> str:
    """The archive's one folder; with `.zip` its own name."""
    return f"{PREFIX}{made_at:%Y-%m-%d}"


def stream(work: Transfer, opened: OpenVault, readme: str) -> Iterator[bytes]:
    """The archive, piece by piece. `readme` explains it in the reader's language.

    Where it cannot go on, the connection is broken off: a browser must not take what came for whole.
    """
    try:
        yield from _whole(_Export(work, opened, readme))
    except GeneratorExit:
        transfers.finish(work, "client-gone")
        raise
    except (VaultShut, TransferLost):
        transfers.finish(work, "locked")
        raise ConnectionResetError(errno.ECONNRESET, "the export ended early") from None
    transfers.finish(work)


def _whole(export: _Export) -> Iterator[bytes]:
    with acting_as(export.owner):
        found = describe(export.opened.still())
    with zipfile.ZipFile(cast(Any, export.sink), "w") as export.archive:
        yield from _file(export, "README.txt", export.readme.encode())
        yield from _file(export, "data.json", found.written())
        for folder in found.files:
            yield from _folder(export, folder, found)
        yield from _file(export, "result.json", _result(export))
    yield export.sink.take()


def _file(export: _Export, name: str, content: bytes) -> Iterator[bytes]:
    with export.member(name) as member:
        member.write(content)
    yield export.sink.take()


def _result(export: _Export) -> bytes:
    counts = {"complete": True, "mails": export.done - export.shut, "mails_that_do_not_open": export.shut}
    return json.dumps(counts).encode() + b"\n"


def _folder(export: _Export, folder: FolderFile, found: Description) -> Iterator[bytes]:
    """Its mails, the oldest first, and then a line for each of them."""
    with acting_as(export.owner):
        export.opened.still()
        mine = Email.objects.for_user(export.owner).filter(folder=folder.pk)
        listed = array("q", mine.order_by("received_at", "pk").values_list("pk", flat=True).iterator())
    written = array("q")  # as listed, but without those that went; negative: does not open
    with export.member(f"{folder.path}.mbox") as member:
        for start in range(0, len(listed), _AT_ONCE):
            for entries in _pages(export, listed[start : start + _AT_ONCE], written):
                member.write(entries)
                yield export.sink.take()
    with export.member(f"{folder.path}.jsonl") as member:
        for start in range(0, len(written), _RECORDS_AT_ONCE):
            member.write(_records(export, written[start : start + _RECORDS_AT_ONCE], found))
            yield export.sink.take()
    yield export.sink.take()


def _pages(export: _Export, ids: Sequence[int], written: "array[int]") -> Iterator[bytes]:
    """These mails as they stand in an mbox, so many at once as memory is meant for."""
    while ids:
        with acting_as(export.owner):
            vault = export.opened.still()
            sizes = dict(Email.objects.for_user(export.owner).filter(pk__in=ids).values_list("pk", "size"))
            page, ids = _split(ids, sizes)
            rows = Email.objects.for_user(export.owner).select_related("message").in_bulk(page)
            entries = [_entry(export, vault, rows[pk], written) for pk in page if pk in rows]
            export.done += len(page)
            transfers.move_on(export.work, export.done)
        yield b"".join(entries)


def _split(ids: Sequence[int], sizes: dict[int, int]) -> tuple[Sequence[int], Sequence[int]]:
    """The first of them, whose sizes together are no more than a page's; and the others."""
    total = 0
    for count, pk in enumerate(ids):
        total += sizes.get(pk, 0)
        if total > _BYTES_AT_ONCE and count:
            return ids[:count], ids[count:]
    return ids, ()


def _entry(export: _Export, vault: Vault, row: Email, written: "array[int]") -> bytes:
    """b"" where the mail does not open: its line says so."""
    try:
        raw = reading.unpack(vault.open(row.message, "raw"))
    except (CannotOpen, zstandard.ZstdError, Email.message.RelatedObjectDoesNotExist):
        export.shut += 1
        written.append(-row.pk)
        return b""
    written.append(row.pk)
    head = reading.open_heads(vault, [row])[row.pk]
    return write_entry(head.sender.email if head else "", row.received_at, raw)


def _records(export: _Export, written: Sequence[int], found: Description) -> bytes:
    ids = [abs(pk) for pk in written]
    with acting_as(export.owner):
        export.opened.still()
        rows = Email.objects.for_user(export.owner).defer("head").in_bulk(ids)
        tagged: dict[int, list[int]] = {}
        pairs = EmailTag.objects.for_user(export.owner).filter(email__in=ids).values_list("email", "tag")
        for email, tag in pairs:
            tagged.setdefault(email, []).append(found.tags.get(tag, 0))
    return b"".join(_record(rows.get(abs(pk)), pk, tagged.get(abs(pk), [])) for pk in written)


def _record(row: Email | None, written: int, tags: list[int]) -> bytes:
    if row is None:
        return write_gone() if written > 0 else b""
    uid = row.uid if row.uidvalidity >= 0 else None
    return write_record(row, (tag for tag in tags if tag), uid=uid, opens=written > 0)
