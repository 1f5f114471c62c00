"""Header text made readable: encoded words (RFC 2047), raw 8-bit text, and no character that steers."""

import binascii
import re

from mail.mime import charsets, transfer

MAX_FIELD = 16_384
"""The most characters of one header that are decoded."""

_MAX_WORDS = 256
_WORD = re.compile(r"=\?([\w.:+-]{1,60})(?:\*[\w-]*)?\?([bBqQ])\?((?>[^?]*(?:\?(?!=)[^?]*)*))\?=")
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")
_SPACES = re.compile(r"  +")


def readable(value: str, charset: str = "") -> str:
    """A header's value as people read it: one line, decoded, free of control and bidirectional characters.

    `value` holds a byte a character (latin-1), as it came; raw 8-bit text is UTF-8, else `charset`.
    """
    value = value[:MAX_FIELD]
    if not value.isascii():
        value = _raw(value, charset)
    if "=?" in value:
        value = decode_words(value)
    return value if value.isprintable() else clean(value)


def clean(text: str) -> str:
    """Text on one line, without the characters that steer a terminal or turn the direction of reading."""
    return _SPACES.sub(" ", _STEERING.sub(" ", text)).strip()


def decode_words(value: str) -> str:
    """Encoded words decoded; neighbours of one charset are joined as bytes first. Bad ones stay as text."""
    if value.count("=?") > _MAX_WORDS:
        return value
    out: list[str] = []
    pending, charset, end = b"", "", 0
    for word in _WORD.finditer(value):
        gap, label = value[end : word.start()], word[1].lower()
        data = _word_bytes(word[2], word[3]) if charsets.is_known(label) else None
        joined = data is not None and bool(pending) and not gap.strip()
        if not (joined and label == charset):
            out.append(charsets.decode(pending, charset))
            pending = b""
        out.append("" if joined else gap)
        charset, end = label, word.end()
        if data is None:
            out.append(word[0])
        else:
            pending += data
    return "".join((*out, charsets.decode(pending, charset), value[end:]))


def _raw(value: str, charset: str) -> str:
    data = value.encode("latin-1", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return charsets.decode(data, charset)


def _word_bytes(encoding: str, text: str) -> bytes | None:
    """The bytes of one encoded word; None where nothing sensible is in it."""
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data, header=True)
    decoded, _sound = transfer.base64(data)
    return decoded or (None if data else b"")
