"""Single parts of a mail, fetched again from its source: downloads and inline images."""

from mail.mime import bounds, headers
from mail.mime.leaves import Leaf, Unreadable, leaves
from mail.mime.parse import attachment
from mail.mime.parsed import Attachment

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def part(raw: bytes, index: int) -> tuple[Attachment, bytes]:
    """The leaf part at an index that `parse` gave, and its decoded bytes. Raises LookupError."""
    found = _leaves(raw)
    if not 0 <= index < len(found):
        raise LookupError("no such part")
    return attachment(index, found[index], ""), found[index].content


def inline_images(raw: bytes, limit: int = 5_000_000) -> dict[str, tuple[str, bytes]]:
    """Images by Content-ID, as (type, bytes): the first of each id, at most `limit` bytes in all.

    The type is told by the bytes and is PNG, JPEG, GIF or WebP: SVG may hold scripts.
    """
    images: dict[str, tuple[str, bytes]] = {}
    for leaf in _leaves(raw):
        kind = image_type(leaf.content)
        if not leaf.content_id or not kind or leaf.content_id in images:
            continue
        limit -= len(leaf.content)
        if limit < 0:
            break
        images[leaf.content_id] = (kind, leaf.content)
    return images


def image_type(data: bytes) -> str:
    """The media type of an image by its first bytes; empty for anything but PNG, JPEG, GIF and WebP."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), "")


def _leaves(raw: bytes) -> list[Leaf]:
    head = headers.read(raw)
    if bounds.head_defect(raw, head.end):
        return []
    try:
        return leaves(raw, head)
    except Unreadable:
        return []
