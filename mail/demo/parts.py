"""Small valid files that the demo mails carry: PDF, PNG, CSV, plain text and calendar entries.

A file is described by a table: `name`, `kind` ("pdf", "chart", "scene", "csv" or "text") and `lines`
(texts; for a chart the heights of its bars, 1 to 100).
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import cache

_Row = Sequence[tuple[int, int, int]]
_MEDIA = {
    "pdf": "application/pdf",
    "chart": "image/png",
    "scene": "image/png",
    "csv": "text/csv",
    "text": "text/plain",
}


def media_type(kind: str) -> tuple[str, str]:
    """Main and sub type of a file of that kind."""
    main, _, sub = _MEDIA[kind].partition("/")
    return main, sub


@cache
def content(kind: str, lines: tuple[str, ...]) -> bytes:
    """The bytes of a file of that kind."""
    return _MAKERS[kind](lines)


def pdf(lines: Sequence[str]) -> bytes:
    """One page A4 with a heading and lines of text (PDF 1.4, Helvetica)."""
    stream = b"BT /F1 18 Tf 64 770 Td 22 TL\n" + b"\n".join(
        _pdf_line(i, line) for i, line in enumerate(lines)
    )
    stream += b"\nET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
    ]
    return _pdf_file(objects)


def _pdf_line(number: int, line: str) -> bytes:
    shown = line.encode("cp1252", "replace")
    for sign in (b"\\", b"(", b")"):
        shown = shown.replace(sign, b"\\" + sign)
    return (b"/F1 11 Tf 16 TL\n" if number == 1 else b"") + b"(" + shown + b") Tj T*"


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def chart(lines: Sequence[str]) -> bytes:
    """A bar chart, 480 × 240; each line is the height of a bar in percent."""
    heights = [int(line) for line in lines]
    width = 480 // len(heights)

    def pixel(x: int, y: int) -> tuple[int, int, int]:
        bar, within = divmod(x, width)
        inside = bar < len(heights) and 6 <= within < width - 6 and (240 - y) * 100 < heights[bar] * 220
        return (47, 111, 143) if inside else (246, 247, 249)

    return _png([[pixel(x, y) for x in range(480)] for y in range(240)])


def scene(lines: Sequence[str]) -> bytes:
    """A landscape in two colours, 360 × 220; the lines are sky and ground as "r g b"."""
    sky, ground = (tuple(int(part) for part in line.split()) for line in lines[:2])

    def pixel(x: int, y: int) -> tuple[int, int, int]:
        ridge = 120 + abs((x * 2 + 90) % 240 - 120) // 3 + abs(x % 90 - 45) // 5
        base, light = (ground, 220 - y) if y > ridge else (sky, y)
        return (
            min(255, base[0] + light // 3),
            min(255, base[1] + light // 3),
            min(255, base[2] + light // 4),
        )

    return _png([[pixel(x, y) for x in range(360)] for y in range(220)])


def _png(rows: Sequence[_Row]) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    pixels = b"".join(b"\0" + bytes(value for point in row for value in point) for row in rows)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _lines(lines: Sequence[str]) -> bytes:
    return "".join(line + "\r\n" for line in lines).encode()


_MAKERS: dict[str, Callable[[Sequence[str]], bytes]] = {
    "pdf": pdf,
    "chart": chart,
    "scene": scene,
    "csv": _lines,
    "text": _lines,
}


def calendar(event: dict[str, str], start: datetime, people: tuple[str, str], stamp: datetime) -> str:
    """An iTIP calendar (RFC 5546): `event` has uid, summary, place, minutes and method; `people` are
    organiser and invited."""
    organiser, invited = (parseaddr(person) for person in people)
    end = start + timedelta(minutes=int(event["minutes"]))
    method = event.get("method", "REQUEST")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//firma.example//Calendar//EN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{event['uid']}",
        f"DTSTAMP:{_utc(stamp)}",
        f"DTSTART:{_utc(start)}",
        f"DTEND:{_utc(end)}",
        f"SUMMARY:{_escaped(event['summary'])}",
        f"LOCATION:{_escaped(event['place'])}",
        f"ORGANIZER;CN={organiser[0]}:mailto:{organiser[1]}",
        "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE",
        f" ;CN={invited[0]}:mailto:{invited[1]}",
        f"SEQUENCE:{1 if method == 'CANCEL' else 0}",
        f"STATUS:{'CANCELLED' if method == 'CANCEL' else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(line + "\r\n" for line in lines)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    for sign in ("\\", ";", ","):
        text = text.replace(sign, "\\" + sign)
    return text
