"""Raw mail to `Parsed`: the hot path of a sync. Never raises, whatever the bytes."""

import re
from collections.abc import Sequence

from mail.mime import addresses, bounds, charsets, headers
from mail.mime.headers import Head
from mail.mime.leaves import Leaf, Unreadable, leaves
from mail.mime.names import safe_name
from mail.mime.parsed import Address, Attachment, Parsed
from mail.mime.text import html_to_text

_BODIES = frozenset({"text/plain", "text/html"})
_INVITATION = re.compile(rb"BEGIN:VEVENT", re.IGNORECASE)
_INVITATION_TYPES = frozenset({"text/calendar", "application/ics"})
_MAX_SUBJECT, _MAX_ID = 1000, 200


def parse_many(raws: Sequence[bytes]) -> list[Parsed]:
    """A batch of raw mails, in order."""
    return [parse(raw) for raw in raws]


def parse(raw: bytes) -> Parsed:
    """One raw mail. Where it is out of bounds, `readable` is False and only the headers are filled in."""
    head = headers.read(raw)
    defects = [*dict.fromkeys(head.defects)]
    try:
        defect = bounds.head_defect(raw, head.end)
        if defect:
            raise Unreadable(defect)
        parts = leaves(raw, head)
    except Unreadable as error:
        return _parsed(head, _Body(), (), [*defects, str(error)], readable=False)
    body = read_body(parts)
    return _parsed(head, body, parts, [*defects, *body.defects], readable=True)


class _Body:
    """The visible part of a mail and its attachments."""

    __slots__ = ("attachments", "defects", "html", "text")

    def __init__(self) -> None:
        self.text = self.html = ""
        self.attachments: tuple[Attachment, ...] = ()
        self.defects: list[str] = []


def read_body(parts: Sequence[Leaf]) -> _Body:
    """Text, HTML and attachments of the leaves. Of alternatives, plain text is taken unless it is blank."""
    body = _Body()
    texts: list[tuple[Leaf, str]] = []
    others: list[tuple[int, Leaf]] = []
    for index, leaf in enumerate(parts):
        if _is_body(leaf, bool(texts)):
            texts.append((leaf, _decoded(leaf, body.defects)))
        else:
            others.append((index, leaf))
        if not leaf.sound:
            body.defects.append("bad-encoding")
    body.html = "\n".join(text for leaf, text in texts if leaf.content_type == "text/html")[
        : charsets.MAX_TEXT
    ]
    body.text = _visible(texts)
    body.attachments = tuple([attachment(index, leaf, body.html) for index, leaf in others])
    body.defects = [*dict.fromkeys(body.defects)]
    return body


def _is_body(leaf: Leaf, has_text: bool) -> bool:
    """Whether a leaf is read as the mail's own words: a later text with a name is a file (RFC 2183 §2)."""
    if leaf.content_type not in _BODIES or leaf.disposition == "attachment":
        return False
    return not (leaf.name and has_text)


def _decoded(leaf: Leaf, defects: list[str]) -> str:
    if not charsets.is_known(leaf.charset):
        defects.append("unknown-charset")
    return charsets.decode(leaf.content, leaf.charset)


def _visible(texts: list[tuple[Leaf, str]]) -> str:
    plain = {leaf.group for leaf, text in texts if leaf.content_type == "text/plain" and not _is_blank(text)}
    shown = []
    for leaf, text in texts:
        if leaf.content_type == "text/plain":
            shown.append(text)
        elif not leaf.group or leaf.group not in plain:
            shown.append(html_to_text(text))
    if len(shown) == 1:
        return shown[0]
    return "\n\n".join(text for text in shown if not _is_blank(text))[: charsets.MAX_TEXT]


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def attachment(index: int, leaf: Leaf, html: str) -> Attachment:
    """A leaf as the reader sees it. It is inline where the HTML shows it by its Content-ID (RFC 2392)."""
    content_id = leaf.content_id[:_MAX_ID]
    inline = bool(content_id) and leaf.content_type.startswith("image/") and f"cid:{content_id}" in html
    fallback = "message.eml" if leaf.content_type == "message/rfc822" else "attachment"
    return Attachment(
        index=index,
        name=safe_name(leaf.name, fallback),
        content_type=leaf.content_type[:_MAX_ID],
        size=len(leaf.content),
        content_id=content_id,
        inline=inline,
    )


def _is_invitation(leaf: Leaf) -> bool:
    if leaf.content_type not in _INVITATION_TYPES and not leaf.name.lower().endswith(".ics"):
        return False
    return leaf.method == "request" or bool(_INVITATION.search(leaf.content, 0, charsets.MAX_TEXT))


def _parsed(head: Head, body: _Body, parts: Sequence[Leaf], defects: list[str], *, readable: bool) -> Parsed:
    values = head.values
    charset = parts[0].charset if parts else ""
    date = headers.date(head.first("date"))
    if date is None:
        defects.append("bad-date" if "date" in head.raw else "no-date")
    return Parsed(
        subject=_first(values, "subject")[:_MAX_SUBJECT],
        senders=_addresses(head, "from", charset),
        reply_to=_addresses(head, "reply-to", charset),
        to=_addresses(head, "to", charset),
        cc=_addresses(head, "cc", charset),
        bcc=_addresses(head, "bcc", charset),
        message_id=headers.message_id(_first(values, "message-id")),
        references=headers.references(_first(values, "references"), _first(values, "in-reply-to")),
        date=date,
        text=body.text,
        html=body.html,
        headers=values,
        attachments=body.attachments,
        has_invitation=any(map(_is_invitation, parts)),
        readable=readable,
        defects=tuple(defects),
    )


def _first(values: dict[str, tuple[str, ...]], name: str) -> str:
    found = values.get(name)
    return found[0] if found else ""


def _addresses(head: Head, name: str, charset: str) -> tuple[Address, ...]:
    found = head.raw.get(name)
    if not found:
        return ()
    if len(found) == 1:
        return addresses.addresses(found[0], charset)
    read = tuple(mailbox for value in found[:10] for mailbox in addresses.addresses(value, charset))
    return read[: addresses.MAX_ADDRESSES]
