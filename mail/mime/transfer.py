"""Content-Transfer-Encoding undone leniently (RFC 2045 §6): what can be read is read."""

import binascii
import re

_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_PADDING = re.compile(rb"=+")
_UU_START = re.compile(rb"^begin [0-7]{3,4} [^\n]*\n", re.MULTILINE)


def decoded(data: bytes, encoding: str) -> tuple[bytes, bool]:
    """The bytes behind a transfer encoding, and whether they were sound. Unknown encodings are left alone."""
    match encoding.strip().lower():
        case "base64" | "base-64" | "b":
            return base64(data)
        case "quoted-printable" | "q":
            return binascii.a2b_qp(data), True
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return _uuencoded(data)
    return data, True


def base64(data: bytes) -> tuple[bytes, bool]:
    """Base64 with stray characters, missing padding or several pieces in a row; and whether it was sound."""
    letters = data.translate(None, b"\r\n \t")
    try:
        return binascii.a2b_base64(letters, strict_mode=True), True
    except binascii.Error:
        pieces = _PADDING.split(letters.translate(None, _NOT_BASE64))
    return b"".join(map(_padded, pieces)), False


def _padded(letters: bytes) -> bytes:
    whole = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _uuencoded(data: bytes) -> tuple[bytes, bool]:
    start = _UU_START.search(data)
    if not start:
        return data, False
    lines = []
    for line in data[start.end() :].splitlines():
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            lines.append(binascii.a2b_uu(line))
        except binascii.Error:
            return b"".join(lines), False
    return b"".join(lines), True
