"""The scanner finds what it is to find: or a canary test that is green would show nothing."""

import base64
import gzip
import itertools
import json
import os
import quopri
import random
import urllib.parse
import zlib
from collections.abc import Callable

import pytest
import zstandard

from tests.scanner import Scanner

MARK = b"canary7k3m9q0sender"
KEY = bytes(range(200, 232))  # full of bytes that are no text

Form = Callable[[bytes], bytes]


def aligned(before: int, encode: Form = base64.b64encode) -> Form:
    """Base64 of something longer, in which the secret begins at this byte."""
    return lambda data: encode(b"x" * before + data + b"yz")


FORMS: dict[str, Form] = {
    "plain": bytes,
    "zlib": zlib.compress,
    "zlib, fastest": lambda data: zlib.compress(data, 1),
    "deflate": lambda data: zlib.compress(data, wbits=-15),
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "base64 at 0": lambda data: base64.b64encode(data + b"yz"),
    "base64 at 1": aligned(1),
    "base64 at 2": aligned(2),
    "base64 for URLs": aligned(1, base64.urlsafe_b64encode),
    "base64 in lines": lambda data: base64.encodebytes(b"x" * 50 + data + b"y" * 50),
    "hex": lambda data: data.hex().encode(),
    "HEX": lambda data: data.hex().upper().encode(),
    "utf-16-le": lambda data: data.decode("latin-1").encode("utf-16-le"),
    "utf-16-be": lambda data: data.decode("latin-1").encode("utf-16-be"),
    "quoted-printable": lambda data: quopri.encodestring(b"x" * 70 + data),
    "quoted-printable, every byte": lambda data: b"".join(b"=%02X" % byte for byte in data),
    "percent": lambda data: urllib.parse.quote(data).encode(),
    "json escapes": lambda data: json.dumps("\u00e9\U0001f600" + data.decode("latin-1")).encode(),
    "repr": lambda data: repr(data).encode(),
}

#: A bare deflate stream begins with nothing to know it by: it is found where it is all there is.
BARE = {"deflate"}
WHOLE = {"zlib", "zstd", "hex", "base64 at 0"}

PAIRS = [
    (inner, outer)
    for inner, outer in itertools.product(FORMS, repeat=2)
    if inner not in BARE or outer in WHOLE
]


@pytest.fixture
def scanner() -> Scanner:
    return Scanner({"mark": MARK, "key": KEY})


def planted(data: bytes, seed: int = 7) -> bytes:
    """Among other bytes, which no form can mistake for its own."""
    noise = random.Random(seed).randbytes(300)
    return noise + b"\n\xff\n" + data + b"\n\xff\n" + noise


@pytest.mark.parametrize("name", FORMS)
def test_a_mark_is_found_in_each_form(scanner: Scanner, name: str) -> None:
    whole = b"some words before " + MARK + b" and some after"
    assert scanner.find(FORMS[name](MARK)) == {"mark"}
    assert scanner.find(FORMS[name](whole)) == {"mark"}
    if name not in BARE:
        assert scanner.find(planted(FORMS[name](whole))) == {"mark"}


@pytest.mark.parametrize("name", FORMS)
def test_a_key_is_found_in_each_form(scanner: Scanner, name: str) -> None:
    assert scanner.find(FORMS[name](KEY)) == {"key"}


@pytest.mark.parametrize(("inner", "outer"), PAIRS)
def test_a_mark_is_found_in_two_forms_of_each_other(scanner: Scanner, inner: str, outer: str) -> None:
    whole = b"some words before " + MARK + b" and some after"
    assert scanner.find(FORMS[outer](FORMS[inner](whole))) == {"mark"}


@pytest.mark.parametrize(
    ("inner", "outer"), [("zstd", "base64 at 2"), ("zlib", "hex"), ("base64 at 1", "zlib")]
)
def test_a_key_is_found_in_two_forms_of_each_other(scanner: Scanner, inner: str, outer: str) -> None:
    assert scanner.find(planted(FORMS[outer](FORMS[inner](b"x" * 20 + KEY + b"y" * 20)))) == {"key"}


def test_case_hides_nothing(scanner: Scanner) -> None:
    assert scanner.find(MARK.upper()) == {"mark"}
    assert scanner.find(zlib.compress(MARK.title())) == {"mark"}


def test_a_stream_that_breaks_off_tells_what_came_before(scanner: Scanner) -> None:
    packed = zlib.compress(MARK + os.urandom(100_000))
    assert scanner.find(packed[:50_000]) == {"mark"}
    frame = zstandard.compress(MARK + os.urandom(300_000))
    assert scanner.find(frame[:-10]) == {"mark"}


def test_noise_and_pieces_are_no_finding(scanner: Scanner) -> None:
    noise = random.Random(11).randbytes(500_000)
    assert scanner.find(noise) == set()
    assert scanner.find(base64.b64encode(noise)) == set()
    assert scanner.find(MARK[:-1] + KEY[:-1]) == set()


def test_secrets_that_chance_could_write_are_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Scanner({"code": b"123456"})
