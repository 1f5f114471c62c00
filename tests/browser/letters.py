"""Mails for a mailbox: a handful of what comes in, among it one that tries everything."""

import struct
import zlib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

HOSTILE_SUBJECT = "Your parcel waits"
HOSTILE_TEXT = "Please pick it up at the counter."

_HOSTILE = """<html><head><title>x</title>
<base href="{canary}/base/"><meta http-equiv="refresh" content="0;url={canary}/refresh">
<link rel="stylesheet" href="{canary}/style.css"><style>@import url({canary}/import.css);
p {{ background: url({canary}/background) }}</style></head>
<body onload="parent.document.title='owned'" background="{canary}/body">
<script>document.title = 'owned'; top.document.title = 'owned'; fetch('{canary}/script');</script>
<p id="said">{text}</p>
<img id="logo" src="cid:logo@example.org" alt="logo" width="8" height="8">
<img src="{canary}/picture.png" width="300" height="200" alt="A picture">
<img src="{canary}/pixel.gif" width="1" height="1"><img src="x" onerror="fetch('{canary}/error')">
<div style="background-image: url('{canary}/div')">x</div><svg onload="fetch('{canary}/svg')"></svg>
<iframe src="{canary}/frame"></iframe><object data="{canary}/object"></object>
<video poster="{canary}/poster" src="{canary}/video" autoplay></video>
<form action="{canary}/form"><input name="password"><button>Send</button></form>
<a id="away" href="{canary}/link" ping="{canary}/ping">Read on</a></body></html>"""


def hostile_html(canary: str) -> str:
    """HTML that loads from `canary`, runs scripts, leaves the page and asks for a password."""
    return _HOSTILE.format(canary=canary, text=HOSTILE_TEXT)


def hostile(canary: str) -> bytes:
    """The same as a mail, with a picture of its own and an attachment."""
    mail = _mail(HOSTILE_SUBJECT, f"{HOSTILE_TEXT}\n", hours=2)
    mail.add_alternative(hostile_html(canary), subtype="html")
    page = mail.get_payload()[1]  # type: ignore[index]
    page.add_related(png(), "image", "png", cid="<logo@example.org>", filename="logo.png")  # type: ignore[union-attr,call-arg]
    mail.add_attachment(b"%PDF-1.4 no real one", "application", "pdf", filename="Rechnung Müller.pdf")
    return mail.as_bytes()


def newsletter(canary: str) -> bytes:
    """To many, with a tracking pixel."""
    mail = _mail("Forty plants for a north wall", "Plants.\n", hours=30)
    mail["List-Unsubscribe"] = f"<{canary}/leave>"
    mail["List-Id"] = "<garden.example.org>"
    mail["Precedence"] = "bulk"
    mail.add_alternative(f'<p>Plants.</p><img src="{canary}/pixel" width="1" height="1">', subtype="html")
    return mail.as_bytes()


def pressing() -> bytes:
    """A person who needs something tomorrow."""
    text = "Alice,\n\ncould you please sign the contract by tomorrow 12:00?\n\nBob\n"
    return _mail("Contract: please sign by tomorrow", text, hours=1).as_bytes()


def plain(number: int) -> bytes:
    """A letter like others."""
    return _mail(f"Letter {number}", f"Text of letter {number}.\n", hours=40 + number).as_bytes()


def png() -> bytes:
    """A red picture of eight by eight."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + b"\xc0\x20\x20" * 8) * 8
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _mail(subject: str, text: str, *, hours: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Bob Example <bob@example.org>"
    mail["To"] = "Alice Example <alice@example.org>"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(datetime.now(UTC) - timedelta(hours=hours))
    mail["Message-ID"] = f"<{abs(hash((subject, hours)))}@example.org>"
    mail.set_content(text)
    return mail
