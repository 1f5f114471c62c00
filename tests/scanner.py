"""Finds secrets in bytes that somebody stored, in whatever common form: plain, packed, encoded, or both.

scanner = Scanner({"password": b"…", "sync key": key})
scanner.find(blob)      # {"password"} where it is in there

Two ways meet: each secret is looked for in every encoded form, and whatever looks packed or encoded is undone
and looked through again, some layers deep.
"""

import base64
import quopri
import re
import urllib.parse
import zlib
from collections.abc import Callable, Iterator, Mapping

import zstandard

LAYERS = 4
_MOST = 20_000_000  # bytes of one unpacked piece
_AT_LEAST = 16  # characters of a run that is worth undoing
_WORTH = 8  # bytes of a piece that could hold a secret
_BETWEEN = b"\n\xff\n"  # in no form's alphabet

_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/_-](?:\r?\n|\\n)?){%d,}" % _AT_LEAST)
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}[\r\n :]{0,2}){%d,}" % _AT_LEAST)
_WIDE_LE = re.compile(rb"(?:.\0){6,}", re.DOTALL)
_WIDE_BE = re.compile(rb"(?:\0.){6,}", re.DOTALL)
_QUOTED = re.compile(rb"=(?:[0-9A-Fa-f]{2}|\r?\n)")
_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")
_ESCAPED = re.compile(rb"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[\"'\\/abfnrtv0])")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_GZIP = re.compile(rb"\x1f\x8b\x08")
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_NOT_HEX = re.compile(rb"[^0-9A-Fa-f]")


def forms(secret: bytes) -> set[bytes]:
    """The secret as it may stand in text or bytes, without any packing."""
    quoted = b"".join(b"=%02X" % byte for byte in secret)
    found = {
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        quoted,
        quoted.lower().replace(b"=3d", b"=3D"),
        quopri.encodestring(secret, quotetabs=True).rstrip(b"=\n"),
        urllib.parse.quote(secret, safe="").encode(),
        repr(secret)[2:-1].encode(),
        *_base64_forms(secret),
    }
    if all(byte < 0x80 for byte in secret):
        text = secret.decode()
        found |= {text.encode("utf-16-le"), text.encode("utf-16-be")}
        found.add("".join(f"\\u{ord(letter):04x}" for letter in text).encode())
    return found


def _base64_forms(secret: bytes) -> Iterator[bytes]:
    """The letters that stand for the secret whatever stands before and after it, at the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret)
        first = -(-before * 8 // 6)
        last = (before + len(secret)) * 8 // 6
        sure = encoded[first:last]
        yield sure
        yield sure.translate(bytes.maketrans(b"+/", b"-_"))


class Scanner:
    """Looks for named secrets. Text is found in upper and lower case alike: mail changes it on its way."""

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        self.secrets = dict(secrets)
        self._needles = {name: forms(secret) for name, secret in secrets.items()}
        self._folded = {name: secret.lower() for name, secret in secrets.items() if secret.isascii()}
        if short := [name for name, secret in secrets.items() if len(secret) < _WORTH]:
            raise ValueError(f"too short to be told from chance: {short}")

    def find(self, data: bytes) -> set[str]:
        """The names of the secrets that are in there."""
        found: set[str] = set()
        seen: set[bytes] = set()
        layer = {data}
        for _ in range(LAYERS):
            together = _BETWEEN.join(layer)  # one search through many small pieces
            found |= self.plainly(together)
            bare = {_inflate(piece, -zlib.MAX_WBITS) for piece in layer}
            layer = {piece for piece in {*undone(together), *bare} if len(piece) >= _WORTH} - seen
            seen |= layer
        return found

    def plainly(self, data: bytes) -> set[str]:
        """Those that are found without undoing anything."""
        found = {name for name, needles in self._needles.items() if any(needle in data for needle in needles)}
        small = data.lower()
        return found | {name for name, secret in self._folded.items() if secret in small}


def undone(data: bytes) -> Iterator[bytes]:
    """What is left when one layer of packing or encoding is taken off, for each that is there."""
    for kind in (_unpacked, _from_base64, _from_hex, _from_wide, _from_escapes):
        yield from kind(data)


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Streams of zlib, gzip and zstd that begin anywhere."""
    for mark in _ZLIB.finditer(data):
        yield _inflate(data[mark.start() :], zlib.MAX_WBITS)
    for mark in _GZIP.finditer(data):
        yield _inflate(data[mark.start() :], zlib.MAX_WBITS | 16)
    for mark in _ZSTD.finditer(data):
        yield _from_zstd(data[mark.start() :])


def _inflate(data: bytes, bits: int) -> bytes:
    """As far as it goes: a stream that breaks off tells what came before."""
    return _step_by_step(zlib.decompressobj(bits).decompress, data, zlib.error)


def _from_zstd(data: bytes) -> bytes:
    return _step_by_step(zstandard.ZstdDecompressor().decompressobj().decompress, data, zstandard.ZstdError)


def _step_by_step(step: Callable[[bytes], bytes], data: bytes, error: type[Exception]) -> bytes:
    out = bytearray()
    try:
        for at in range(0, len(data), 4096):
            out += step(data[at : at + 4096])
            if len(out) > _MOST:
                break
    except (error, EOFError):
        pass
    return bytes(out)


def _from_base64(data: bytes) -> Iterator[bytes]:
    """Each long run of the alphabet, begun at each of four letters: what stands before may belong to it."""
    for run in _BASE64.finditer(data):
        text = run[0].replace(b"\\n", b"").translate(bytes.maketrans(b"-_", b"+/"))
        letters = _NOT_BASE64.sub(b"", text)
        for start in range(4):
            piece = letters[start:]
            yield base64.b64decode(piece[: len(piece) // 4 * 4] + _rest(piece))


def _rest(piece: bytes) -> bytes:
    """The letters of a last group that is not whole, padded; one letter alone says nothing."""
    left = piece[len(piece) // 4 * 4 :]
    return left + b"=" * (4 - len(left)) if len(left) > 1 else b""


def _from_hex(data: bytes) -> Iterator[bytes]:
    for run in _HEX.finditer(data):
        digits = _NOT_HEX.sub(b"", run[0])
        for start in (0, 1):
            piece = digits[start:]
            yield bytes.fromhex(piece[: len(piece) // 2 * 2].decode())


def _from_wide(data: bytes) -> Iterator[bytes]:
    """UTF-16 of text below U+0100, of either order."""
    for run in _WIDE_LE.finditer(data):
        yield run[0][::2]
    for run in _WIDE_BE.finditer(data):
        yield run[0][1::2]


def _from_escapes(data: bytes) -> Iterator[bytes]:
    """Quoted-printable, percent signs, and the escapes of JSON and of Python, of the lines that have any."""
    if quoted := _lines(data, _QUOTED):
        yield quopri.decodestring(quoted)
    if percent := _lines(data, _PERCENT):
        yield urllib.parse.unquote_to_bytes(percent)
    if escaped := _lines(data, _ESCAPED):
        yield _ESCAPED.sub(lambda found: _character(found[0]), escaped)


def _lines(data: bytes, escape: re.Pattern[bytes]) -> bytes:
    """The lines with such an escape, and those that a line before goes on in."""
    kept, goes_on = [], False
    for line in data.splitlines(keepends=True):
        if goes_on or escape.search(line):
            kept.append(line)
        goes_on = line.rstrip(b"\r\n").endswith(b"=")
    return b"".join(kept)


_SHORT = dict(zip(b"\"'\\/abfnrtv0", b"\"'\\/\a\b\f\n\r\t\v\0", strict=True))


def _character(escape: bytes) -> bytes:
    if len(escape) == 2:
        return bytes([_SHORT[escape[1]]])
    number = int(escape[2:], 16)
    return bytes([number]) if number < 256 else chr(number).encode("utf-8", "replace")
