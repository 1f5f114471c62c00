"""The header block of a mail, read by ourselves: bounded, lenient, linear (RFC 5322 §2.2, §3.6)."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from mail.mime import charsets
from mail.mime.words import MAX_FIELD, decode_words, readable

MAX_HEAD = 262_144
"""The most bytes that a header block may take."""

MAX_IDS = 100
"""The most Message-IDs that are kept of References."""

_PRINTABLE = bytes(range(32, 127)) + b"\t\n"
_FOLD = re.compile(r"\n[ \t]+")
_ID = re.compile(r"<([^<>\s]{1,500})>")
_BARE_ID = re.compile(r"[^<>\s]{1,500}")
_PARAMETER = re.compile(r";\s*+([^\s=;\"]++)\s*+=\s*+(?:\"((?>(?:[^\"\\]|\\.)*))\"?|([^;]*+))", re.DOTALL)
_DATE = re.compile(
    r"(\d{1,2})[ -]+([A-Za-z]{3})[a-z]*[ -]+(\d{4}) +(\d{1,2}):(\d\d)(?::(\d\d))? +"
    r"([+-])(\d\d)(\d\d)(?!\d)"
)
_ZONES = {offset: timezone(timedelta(minutes=offset)) for offset in range(-720, 841, 30)} | {0: UTC}
_MONTHS = {name: n for n, name in enumerate(str.split("jan feb mar apr may jun jul aug sep oct nov dec"), 1)}


# Names that most mails have, as they are mostly spelt: looked up instead of checked and lowered each time.
_USUAL = {
    spelt: name.lower()
    for name in str.split(
        "Received Return-Path Delivered-To From To Cc Subject Date Message-ID Message-Id In-Reply-To "
        "References Reply-To Sender MIME-Version Mime-Version Content-Type Content-Transfer-Encoding "
        "Content-Disposition Content-Language DKIM-Signature ARC-Seal ARC-Message-Signature ARC- "
        "Authentication-Results Authentication-Results Received-SPF List-Id List-Unsubscribe List- "
        "Unsubscribe-Post List-Post List-Help List-Subscribe List-Archive Precedence Errors-To "
        "Organization User-Agent Feedback-ID Auto-Submitted X-Mailer X-Priority X-Received X-Spam-Status "
        "X-Spam-Level X-Spam-Score X-Original-To X-BeenThere X-Mailman-Version X-Loop X-MimeOLE "
        "X-MSMail-Priority Importance Thread-Topic Thread-Index"
    )
    for spelt in (name, name.lower())
}


@dataclass(slots=True)
class Head:
    """A header block. `raw` holds values as they came, a byte a character; `values` the readable ones."""

    raw: dict[str, tuple[str, ...]] = field(default_factory=dict)
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    end: int = 0  # where the body begins
    defects: list[str] = field(default_factory=list)

    def first(self, name: str) -> str:
        """The first value as it came; empty where there is none."""
        values = self.raw.get(name)
        return values[0] if values else ""


def split(raw: bytes) -> tuple[int, int]:
    """Where the header block ends and the body begins; both at most a little over MAX_HEAD."""
    if raw.startswith((b"\n", b"\r\n")):
        return 0, 1 + raw.startswith(b"\r\n")
    limit = MAX_HEAD + 4
    windows = raw.find(b"\n\r\n", 0, limit)
    unix = raw.find(b"\n\n", 0, limit if windows < 0 else windows + 1)
    if unix >= 0:
        return unix + 1, unix + 2
    if windows >= 0:
        return windows + 1, windows + 3
    end = min(len(raw), limit)
    return end, end


def read(raw: bytes) -> Head:
    """The header block of a mail or part. A line that is no header ends it, as in the standard library."""
    end, body = split(raw)
    block = raw[:end]
    if b"\r" in block:
        block = block.translate(None, b"\r")  # five times as fast as replacing CRLF
    head = Head(end=body)
    text = block.decode("latin-1")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    _collect(head, text, raw)
    # Most blocks are plain ASCII without encoded words: then the values are readable as they stand.
    plain = b"=?" not in block and not block.translate(None, _PRINTABLE)
    head.values = head.raw if plain else _readable(head)
    return head


def _collect(head: Head, text: str, raw: bytes) -> None:
    fields = head.raw
    repeated: dict[str, list[str]] = {}  # a block of one name forty thousand times is read once, too
    is_long = len(text) > MAX_FIELD
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        key = _USUAL.get(name) or _unusual_name(name, colon)
        if not key:
            if not line or (not fields and line.startswith(("From ", ">From "))):
                continue  # an envelope line of the mbox format
            _end_early(head, raw, line)
            break
        value = value.strip()
        if is_long and len(value) > MAX_FIELD:
            head.defects.append("long-header")
            value = value[:MAX_FIELD]
        if key in fields:
            repeated.setdefault(key, [fields[key][0]]).append(value)
        else:
            fields[key] = (value,)
    fields.update((key, tuple(values)) for key, values in repeated.items())


def _unusual_name(name: str, colon: str) -> str:
    """The name of a header in lower case; empty where it is none. RFC 5322 §4.5 allows blanks behind it."""
    name = name.rstrip(" \t") if colon else ""
    return "" if " " in name else name.lower()


def _readable(head: Head) -> dict[str, tuple[str, ...]]:
    charset = parameters(head.first("content-type")).get("charset", "")
    return {
        readable(name): tuple([readable(value, charset) for value in values])
        for name, values in head.raw.items()
    }


def _end_early(head: Head, raw: bytes, line: str) -> None:
    """The body begins at `line`, since it cannot belong to the header block (no blank line was sent)."""
    start = raw.find(line[:200].split("\r")[0].encode("latin-1"), 0, head.end)
    head.end = max(start, 0)
    head.defects.append("no-blank-line")


def parameters(value: str) -> dict[str, str]:
    """The parameters of a structured header, lower-case names (RFC 2045 §5.1, RFC 2231 §3 and §4).

    The part before the first semicolon is the entry "". Values are decoded leniently and readable.
    """
    value = value[:MAX_FIELD]
    first, semicolon, _rest = value.partition(";")
    plain = {"": first.strip().lower()}
    if not semicolon:
        return plain
    pieces: dict[str, dict[int, str]] = {}
    for found in _PARAMETER.finditer(value):
        name, text = found[1].lower(), found[3].strip() if found[2] is None else _unquoted(found[2])
        if "*" in name:
            base, _star, number = name.rstrip("*").partition("*")
            pieces.setdefault(base, {})[int(number) if number.isdecimal() and len(number) < 4 else 0] = (
                text if name.endswith("*") else text.replace("%", "%25")
            )
        else:
            plain.setdefault(name, readable(text))
    for base, parts in pieces.items():
        plain[base] = _extended("".join(parts[n] for n in sorted(parts)))
    return plain


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if "\\" in text else text


def _extended(text: str) -> str:
    """`charset'language'percent-encoded` (RFC 2231 §4), or the same without the first two."""
    charset, quote, rest = text.partition("'")
    label, text = (charset, rest.partition("'")[2]) if quote and rest.count("'") else ("", text)
    data = re.sub(
        rb"%([0-9A-Fa-f]{2})", lambda hit: bytes([int(hit[1], 16)]), text.encode("latin-1", "replace")
    )
    return readable(decode_words(charsets.decode(data, label)).encode("utf-8", "replace").decode("latin-1"))


def message_id(value: str) -> str:
    """The Message-ID in angle brackets; a bare one gets them; empty where there is none."""
    found = _ID.search(value) or _BARE_ID.search(value)
    return f"<{found[0].strip('<>')}>" if found else ""


def references(*values: str) -> tuple[str, ...]:
    """Message-IDs of References and In-Reply-To in angle brackets: each once, oldest first, at most 100."""
    found = [f"<{name}>" for value in values for name in _ID.findall(value)]
    ids = tuple(dict.fromkeys(found))
    return ids if len(ids) <= MAX_IDS else (ids[0], *ids[1 - MAX_IDS :])


def date(value: str) -> datetime | None:
    """An aware time in the sender's offset (RFC 5322 §3.3); None where it cannot be read."""
    found = _DATE.search(value[:200])
    try:
        return _usual(found) if found else _unusual(value[:200])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _usual(found: re.Match[str]) -> datetime | None:
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    offset = (int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1)
    number = _MONTHS.get(month.lower(), 0)
    zone = _ZONES.get(offset) or timezone(timedelta(minutes=offset))
    return datetime(
        int(year), number, int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=zone
    )


def _unusual(value: str) -> datetime | None:
    parts = parsedate_tz(value)
    if not parts:
        return None
    zone = timezone(timedelta(seconds=parts[9])) if parts[9] else UTC
    return datetime(*parts[:5], min(parts[5], 59), tzinfo=zone)
