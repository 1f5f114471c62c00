"""A ZIP archive read from its front while it comes in, in bounded memory. Pure.

Names and sizes are believed as little as can be: no file is made by them, what unpacks to far more than it
was is refused, and each member's checksum and length are compared (APPNOTE 6.3.10, §4.3).
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_LOCAL, _DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
_DIRECTORY = (b"PK\x01\x02", b"PK\x05\x06")  # its members' list, or the end of an empty archive
_HEADER = struct.Struct("<4sHHHHHIIIHH")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_LATER, _UTF8 = 0x1, 0x8, 0x800
_ZIP64 = 0xFFFFFFFF
_OUT_AT_ONCE = 1 << 18
_LONGEST_NAME = 1000
_GROWS_AT_MOST = 200  # times; mail shrinks to a tenth, a bomb is a thousand times smaller than what it holds
_GROWS_FREELY = 50_000_000  # bytes


class BadArchive(ValueError):
    """Why an archive is not read: "no-archive", "damaged", "bomb", "cut"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class _Member:
    """The member that is being read."""

    method: int
    later: bool  # checksum and sizes stand behind it
    long: bool  # its sizes have eight bytes (ZIP64)
    checksum: int
    packed: int
    size: int
    inflate: "zlib._Decompress" = field(default_factory=lambda: zlib.decompressobj(-zlib.MAX_WBITS))
    got_packed: int = 0
    got: int = 0
    got_checksum: int = 0

    @property
    def found(self) -> tuple[int, int, int]:
        return self.got_checksum, self.got_packed, self.got

    @property
    def told(self) -> tuple[int, int, int]:
        return self.checksum, self.packed, self.size


@dataclass(frozen=True, slots=True)
class Begins:
    """A member begins. Its name is only text."""

    name: str


@dataclass(frozen=True, slots=True)
class Ends:
    """It was read whole, and is what was packed."""


Event = Begins | Ends | bytes


class Unzipper:
    """`feed` pieces of the archive, and take what they hold; `end` when no more come."""

    def __init__(self) -> None:
        self._held = b""
        self._member: _Member | None = None
        self._step: Callable[[], Iterator[Event] | None] = self._header
        self._in = self._out = 0
        self.complete = False

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Members that begin and end, and their bytes in between. Raises BadArchive."""
        self._in += len(piece)
        if self.complete:
            return  # the directory repeats what is known
        self._held += piece
        while not self.complete:
            events = self._step()
            if events is None:
                break
            yield from events

    def end(self) -> None:
        """Raises BadArchive where the archive is not whole."""
        if not self.complete:
            raise BadArchive("cut" if self._in > len(_LOCAL) else "no-archive")

    def _header(self) -> Iterator[Event] | None:
        if len(self._held) < len(_LOCAL):
            return None
        if self._held[:4] in _DIRECTORY:
            self.complete, self._held = True, b""
            return iter(())
        if self._held[:4] != _LOCAL:
            raise BadArchive("damaged" if self._out else "no-archive")
        if len(self._held) < _HEADER.size:
            return None
        _, _, flags, method, _, _, checksum, packed, size, named, extra = _HEADER.unpack_from(self._held)
        if len(self._held) < _HEADER.size + named + extra:
            return None
        return self._begin(flags, method, (checksum, packed, size), named, extra)

    def _begin(
        self, flags: int, method: int, told: tuple[int, int, int], named: int, extra: int
    ) -> Iterator[Event]:
        later = bool(flags & _SIZES_LATER)
        strange = flags & _ENCRYPTED or method not in (_STORED, _DEFLATED) or (later and method == _STORED)
        if strange or named > _LONGEST_NAME:
            raise BadArchive("damaged")
        name = self._take(_HEADER.size + named)[_HEADER.size :]
        more = self._take(extra)
        sizes = told[1:] if later else _long_sizes(more, told)
        self._member = _Member(method, later, len(_zip64(more)) >= 16, told[0], *sizes)
        self._step = self._inflate if method == _DEFLATED else self._copy
        return iter([Begins(name.decode("utf-8" if flags & _UTF8 else "cp437", "replace"))])

    def _inflate(self) -> Iterator[Event] | None:
        member = self._read()
        if not self._held:
            return None
        try:
            out = member.inflate.decompress(self._held, _OUT_AT_ONCE)
        except zlib.error:
            raise BadArchive("damaged") from None
        left = member.inflate.unused_data if member.inflate.eof else member.inflate.unconsumed_tail
        member.got_packed += len(self._held) - len(left)
        self._held = left
        return self._gave(out, whole=member.inflate.eof)

    def _copy(self) -> Iterator[Event] | None:
        member = self._read()
        wanted = member.packed - member.got_packed
        if not self._held and wanted:
            return None
        out = self._take(min(wanted, _OUT_AT_ONCE))
        member.got_packed += len(out)
        return self._gave(out, whole=member.got_packed == member.packed)

    def _gave(self, out: bytes, *, whole: bool) -> Iterator[Event]:
        member = self._read()
        member.got += len(out)
        member.got_checksum = zlib.crc32(out, member.got_checksum)
        self._out += len(out)
        if self._out > _GROWS_FREELY and self._out > _GROWS_AT_MOST * self._in:
            raise BadArchive("bomb")
        if whole:
            self._step = self._descriptor if member.later else self._compare
        return iter([out] if out else [])

    def _descriptor(self) -> Iterator[Event] | None:
        """Checksum and sizes, of four or eight bytes each, with a mark before them or without."""
        member = self._read()
        start = 4 if self._held[:4] == _DESCRIPTOR else 0
        for form in ("<IQQ",) if member.long else ("<III", "<IQQ"):
            length = struct.calcsize(form)
            if len(self._held) < start + length:
                continue
            if struct.unpack_from(form, self._held, start) == member.found:
                self._take(start + length)
                return self._end()
        if len(self._held) >= 4 + struct.calcsize("<IQQ"):
            raise BadArchive("damaged")
        return None

    def _compare(self) -> Iterator[Event]:
        if self._read().found != self._read().told:
            raise BadArchive("damaged")
        return self._end()

    def _end(self) -> Iterator[Event]:
        self._member, self._step = None, self._header
        return iter([Ends()])

    def _read(self) -> _Member:
        assert self._member is not None
        return self._member

    def _take(self, count: int) -> bytes:
        taken, self._held = self._held[:count], self._held[count:]
        return taken


def _long_sizes(extra: bytes, told: tuple[int, int, int]) -> tuple[int, int]:
    """Packed size and size: in the extra field of ZIP64 where they need more than four bytes."""
    _, packed, size = told
    if _ZIP64 not in (packed, size):
        return packed, size
    sizes = _zip64(extra)
    if len(sizes) < 16:
        raise BadArchive("damaged")
    size, packed = struct.unpack_from("<QQ", sizes)
    return packed, size


def _zip64(extra: bytes) -> bytes:
    """The extra field of ZIP64, b"" where there is none."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            return extra[4 : 4 + length]
        extra = extra[4 + length :]
    return b""
