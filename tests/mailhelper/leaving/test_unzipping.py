"""Archives are read from the front, in pieces; hostile ones end with a code."""

import io
import random
import zipfile
from collections.abc import Iterator

import pytest

from mailhelper.leaving.unzipping import BadArchive, Begins, Ends, Unzipper

FILES = {"a/data.json": b"{}", "a/x.mbox": b"From x\n" * 100_000, "a/ü": b"", "b": bytes(range(256)) * 900}


class Unseekable(io.RawIOBase):
    def __init__(self) -> None:
        self.whole = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.whole += bytes(data)  # type: ignore[call-overload]
        return len(data)  # type: ignore[arg-type]


def packed(
    files: dict[str, bytes], *, seekable: bool = False, method: int = zipfile.ZIP_DEFLATED, zip64: bool = True
) -> bytes:
    sink = io.BytesIO() if seekable else Unseekable()
    with zipfile.ZipFile(sink, "w", method) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            with archive.open(name, "w", force_zip64=zip64) as member:
                member.write(content)
    return sink.getvalue() if isinstance(sink, io.BytesIO) else bytes(sink.whole)


def read(pieces: Iterator[bytes] | list[bytes]) -> dict[str, bytes]:
    unzipper, found, name = Unzipper(), {}, ""
    for piece in pieces:
        for event in unzipper.feed(piece):
            if isinstance(event, Begins):
                name = event.name
                found[name] = b""
            elif not isinstance(event, Ends):
                found[name] += event
    unzipper.end()
    return found


def in_pieces(text: bytes, dice: random.Random) -> Iterator[bytes]:
    while text:
        size = dice.choice([1, 3, 17, 1000, 100_000])
        yield text[:size]
        text = text[size:]


@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("zip64", [True, False])
def test_what_zipfile_packs_comes_out(seekable: bool, zip64: bool) -> None:
    text = packed(FILES, seekable=seekable, zip64=zip64)
    assert read([text]) == FILES
    for seed in range(10):
        assert read(in_pieces(text, random.Random(seed))) == FILES


def test_members_that_are_only_stored_come_out_where_their_size_is_told() -> None:
    text = packed(FILES, seekable=True, method=zipfile.ZIP_STORED)
    assert read(in_pieces(text, random.Random(1))) == FILES


def refused(text: bytes) -> str:
    with pytest.raises(BadArchive) as why:
        read([text])
    return why.value.code


def test_a_cut_archive_is_told_wherever_it_was_cut() -> None:
    text = packed(FILES)
    end = text.index(b"PK\x01\x02")
    for length in range(5, end, max(1, end // 300)):
        assert refused(text[:length]) == "cut", length


def test_a_damaged_archive_is_told() -> None:
    text = bytearray(packed(FILES, seekable=True))
    text[len(text) // 2] ^= 1
    assert refused(bytes(text)) in ("damaged", "cut", "no-archive")
    stored = bytearray(packed({"a": b"x" * 1000}, seekable=True, method=zipfile.ZIP_STORED))
    stored[500] ^= 1
    assert refused(bytes(stored)) == "damaged"


def test_other_files_are_no_archive() -> None:
    for text in (b"", b"x", b"<html>" * 100, b"\x1f\x8b" + b"0" * 100, b"7z\xbc\xaf" * 50):
        assert refused(text) == "no-archive"


def test_a_bomb_is_refused_long_before_it_has_unpacked() -> None:
    bomb = packed({"bomb": b"\0" * 200_000_000})
    unzipper, out = Unzipper(), 0

    def unpack() -> None:
        nonlocal out
        for event in unzipper.feed(bomb):
            out += len(event) if isinstance(event, bytes) else 0

    with pytest.raises(BadArchive, match="bomb"):
        unpack()
    assert out < 60_000_000
    print(f"{len(bomb)} bytes were refused after {out} had come out")


def test_noise_never_raises_anything_else() -> None:
    dice = random.Random(3)
    text = packed({"a": b"hello " * 50, "b": b"x"}, seekable=True)
    for _ in range(3000):
        broken = bytearray(text)
        for _ in range(dice.randrange(1, 6)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        try:
            read([bytes(broken)])
        except BadArchive:
            continue
