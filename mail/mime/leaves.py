"""A mail's leaf parts in the order of the source, transfer encodings undone: one door for parse and parts.

Both must count alike, since an attachment is later asked for by its index. A mail of one part needs no
parser; others go through fast-mail-parser, or through the standard library where that one refuses.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message

import fast_mail_parser

from mail.mime import bounds, transfer
from mail.mime.headers import Head, parameters
from mail.mime.words import clean

_DEFAULT_TYPE = "text/plain"
_OWN = ("content-type", "content-transfer-encoding", "content-disposition", "content-id")


class Unreadable(Exception):
    """The mail is out of bounds; the argument is a defect's code."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One part that holds no others; an attached message is one too. `group` tells alternatives apart:
    leaves of one multipart/alternative (RFC 2046 §5.1.4) share a number, 0 is outside of any."""

    content_type: str
    content: bytes = field(repr=False)
    name: str = ""
    content_id: str = ""
    disposition: str = ""
    charset: str = ""
    method: str = ""
    group: int = 0
    sound: bool = True


def leaves(raw: bytes, head: Head) -> list[Leaf]:
    """All leaf parts of a mail whose header block is `head`. Raises Unreadable."""
    if not _type_of(head.first("content-type")).startswith("multipart/"):
        return [_leaf(_lone_headers(head), raw[head.end :], 0)]
    defect = bounds.structure_defect(raw)
    if defect:
        raise Unreadable(defect)
    if bounds.suits_fast_parser(raw):
        try:
            return list(_fast(raw))
        except (fast_mail_parser.ParseError, _Refused):
            pass
    if not bounds.suits_slow_parser(raw):
        raise Unreadable("many-lines")
    try:
        return list(_slow(message_from_bytes(raw, _class=_Shallow), 0, iter(range(1, bounds.MAX_PARTS))))
    except (RecursionError, MessageError, ValueError, LookupError) as error:
        raise Unreadable("unparseable") from error


class _Refused(Exception):
    """fast-mail-parser read it, but not well."""


def _lone_headers(head: Head) -> dict[str, str]:
    return {name: head.raw[name][0] for name in _OWN if name in head.raw}


def _fast(raw: bytes) -> Iterator[Leaf]:
    """Leaves by fast-mail-parser. Raises ParseError (broken base64 …) and _Refused."""
    group = 0
    waiting = [(fast_mail_parser.parse_email_tree(raw, mode="lazy"), 0)]
    while waiting:
        node, inside = waiting.pop()
        if node.children and not node.is_message:
            if node.content_type.lower() == "multipart/alternative":
                group += 1
                inside = group
            waiting.extend((child, inside) for child in reversed(node.children))
        else:
            yield _fast_leaf(node, inside)


def _fast_leaf(node: fast_mail_parser.PyLazyMimePart, group: int) -> Leaf:
    headers = {name.lower(): values[0] for name, values in node.headers.items()}
    content_type = headers.get("content-type", "")
    # It decodes neighbouring encoded words one by one, which breaks a character that two of them share.
    if "\ufffd" in node.filename or headers.get("content-transfer-encoding", "").lower().startswith("x-u"):
        raise _Refused
    kind = node.content_type.strip().lower() or _DEFAULT_TYPE
    values = parameters(content_type) if kind.startswith("text/") else {}
    return Leaf(
        content_type=clean(kind),
        content=node.content or b"",
        name=node.filename,
        content_id=clean(node.content_id or ""),
        disposition=(node.disposition or "").strip().lower(),
        charset=values.get("charset", ""),
        method=values.get("method", "").lower(),
        group=group,
    )


class _Shallow(Message):
    """A message that does not open attached messages: each is one leaf."""

    def get_content_type(self) -> str:
        kind = super().get_content_type()
        return "application/octet-stream" if kind.startswith("message/") else kind

    def get_content_maintype(self) -> str:
        return self.get_content_type().partition("/")[0]


def _slow(part: "Message[str, str]", group: int, groups: Iterator[int]) -> Iterator[Leaf]:
    """Leaves by the standard library's parser; its depth is bounded before."""
    children = part.get_payload()
    if isinstance(children, list):
        if part.get_content_type() == "multipart/alternative":
            group = next(groups)
        for child in children:
            if isinstance(child, Message):
                yield from _slow(child, group, groups)
    else:
        headers: dict[str, str] = {}
        for name, value in part.items():
            headers.setdefault(name.lower(), _bytes(value).decode("latin-1"))
        yield _leaf(headers, _bytes(str(children)), group)


def _bytes(text: str) -> bytes:
    return (
        text.encode("ascii", "surrogateescape") if text.isascii() else text.encode("utf-8", "surrogateescape")
    )


def _type_of(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _leaf(headers: dict[str, str], body: bytes, group: int) -> Leaf:
    """A leaf of raw header values (a byte a character) and its body as it came."""
    values = parameters(headers.get("content-type", ""))
    placing = headers.get("content-disposition")
    where = parameters(placing) if placing else {}
    encoding = headers.get("content-transfer-encoding", "")
    content, sound = transfer.decoded(body, encoding) if encoding else (body, True)
    kind = clean(values[""])
    return Leaf(
        content_type=kind if "/" in kind else _DEFAULT_TYPE,
        content=content,
        name=where.get("filename") or values.get("name", ""),
        content_id=clean(headers.get("content-id", "")).strip("<>"),
        disposition=where.get("", ""),
        charset=values.get("charset", ""),
        method=values.get("method", "").lower(),
        group=group,
        sound=sound,
    )
