"""The demo mails, rendered: RFC 5322 messages with dates relative to the filling of the mailbox."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Any

from mail.demo import dates, parts
from mail.demo.entries import HERE, Entry, entries

FLAGS = {
    "seen": "\\Seen",
    "flagged": "\\Flagged",
    "answered": "\\Answered",
    "draft": "\\Draft",
    "junk": "$Junk",
}
_WROTE = {
    "de": "Am {date} um {time} schrieb {name}:",
    "en": "On {date} at {time}, {name} wrote:",
    "fr": "Le {date} à {time}, {name} a écrit :",
    "it": "Il {date} alle {time} {name} ha scritto:",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to be put into the mailbox."""

    folder: str
    raw: bytes = field(repr=False)
    flags: frozenset[str]  # as IMAP writes them
    received_at: datetime  # aware, whole seconds


def letters(now: datetime, zone: tzinfo) -> list[Letter]:
    """All demo mails as they would lie there at `now` (aware), in the order of `entries()`."""
    filling = _Filling(now.astimezone(zone).replace(microsecond=0), entries())
    return [filling.letter(entry) for entry in filling.by_id.values()]


class _Filling:
    """One rendering of all entries: what they have in common."""

    def __init__(self, now: datetime, found: Iterable[Entry]) -> None:
        self.now = now
        self.by_id = {entry.id: entry for entry in found}

    def letter(self, entry: Entry) -> Letter:
        flags = frozenset(FLAGS[name] for name in entry.flags)
        return Letter(entry.folder, self.raw(entry), flags, self.sent_at(entry) + timedelta(seconds=2))

    def sent_at(self, entry: Entry) -> datetime:
        return dates.at_age(entry.age, self.now).replace(microsecond=0)

    def resolved(self, text: str, entry: Entry) -> str:
        return dates.resolve(text, self.now.date(), self.sent_at(entry).date())

    def message_id(self, entry: Entry) -> str:
        domain = parseaddr(entry.sender)[1].rpartition("@")[2]
        return f"<{entry.id}.{self.now:%Y%m%d%H%M%S}@{domain}>"

    def references(self, entry: Entry) -> list[str]:
        """Message-IDs of the mails above in the thread, oldest first."""
        if not entry.reply_to:
            return []
        parent = self.by_id[entry.reply_to]
        return [*self.references(parent), self.message_id(parent)]

    def text(self, entry: Entry) -> str:
        own = self.resolved(entry.text, entry).strip("\n") + "\n"
        return f"{own}\n{self.quoted(entry)}" if entry.quote else own

    def quoted(self, entry: Entry) -> str:
        parent = self.by_id[entry.reply_to]
        sent = self.sent_at(parent)
        said = _WROTE[entry.lang].format(
            date=dates.in_figures(sent.date(), entry.lang),
            time=f"{sent:%H:%M}",
            name=parseaddr(parent.sender)[0],
        )
        below = (f"> {line}".rstrip() for line in self.text(parent).splitlines())
        return "\n".join([said, *below]) + "\n"

    def html(self, entry: Entry) -> str:
        if entry.html_file:
            page = (HERE / "html" / entry.html_file).read_text(encoding="utf-8")
            return self.resolved(page, entry)
        if entry.html == "auto":
            return _as_html(self.text(entry))
        return self.resolved(entry.html, entry)

    def raw(self, entry: Entry) -> bytes:
        message = EmailMessage(policy=SMTP)
        self.write_head(message, entry)
        self.write_body(message, entry)
        raw = message.as_bytes()
        for name, value in entry.raw_headers.items():
            raw = _with_raw_header(raw, name, self.resolved(value, entry))
        return raw

    def received(self, entry: Entry) -> str:
        """The trace that the reader's server leaves on mail from elsewhere (RFC 5321 section 4.4)."""
        domain = parseaddr(entry.sender)[1].rpartition("@")[2]
        if entry.folder in {"Sent", "Drafts"}:
            return ""
        return f"from mx.{domain} by mail.firma.example with ESMTPS; {format_datetime(self.sent_at(entry))}"

    def write_head(self, message: EmailMessage, entry: Entry) -> None:
        above = self.references(entry)
        head = {
            "Received": self.received(entry),
            "From": entry.sender,
            "To": entry.to,
            "Cc": entry.cc,
            "Subject": self.resolved(entry.subject, entry),
            "Date": format_datetime(self.sent_at(entry)),
            "Message-ID": self.message_id(entry),
            "In-Reply-To": above[-1] if above else "",
            "References": " ".join(above),
        }
        head |= {name: self.resolved(value, entry) for name, value in entry.headers.items()}
        for name, value in head.items():
            if value:
                message[name] = value

    def write_body(self, message: EmailMessage, entry: Entry) -> None:
        text, html = self.text(entry), self.html(entry)
        if entry.flowed:
            message.set_content(_flowed(text), params={"format": "flowed"})
        elif text.strip() or not html:
            message.set_content(text, charset=entry.charset)
        if html:
            self.write_html(message, html, entry)
        if entry.event:
            self.write_event(message, entry)
        for file in entry.attach:
            body, about = self.file(file, entry)
            message.add_attachment(body, **about)

    def write_html(self, message: EmailMessage, html: str, entry: Entry) -> None:
        if not entry.text.strip():
            message.set_content(html, subtype="html")
            return
        message.add_alternative(html, subtype="html")
        shown = message.get_body(("html",))
        for file in entry.inline:
            body, about = self.file(file, entry)
            if isinstance(shown, EmailMessage):
                shown.add_related(body, **about, disposition="inline", cid=f"<{file['cid']}>")

    def write_event(self, message: EmailMessage, entry: Entry) -> None:
        start = dates.at_moment(entry.event["start"], self.now)
        method = entry.event.get("method", "REQUEST")
        ics = parts.calendar(entry.event, start, (entry.sender, entry.to), self.sent_at(entry))
        message.add_alternative(ics, subtype="calendar", params={"method": method})
        message.add_attachment(ics.encode(), maintype="application", subtype="ics", filename="invite.ics")

    def file(self, file: dict[str, Any], entry: Entry) -> tuple[bytes, dict[str, Any]]:
        """The bytes of a file of the entry, and what add_attachment must know of it."""
        main, sub = parts.media_type(file["kind"])
        body = parts.content(file["kind"], tuple(self.resolved(line, entry) for line in file["lines"]))
        return body, {"maintype": main, "subtype": sub, "filename": file["name"]}


def _as_html(text: str) -> str:
    paragraphs = (escape(block).replace("\n", "<br>\n") for block in text.strip().split("\n\n"))
    return "<html><body>\n" + "\n".join(f"<p>{block}</p>" for block in paragraphs) + "\n</body></html>\n"


def _flowed(text: str) -> str:
    """`text` with soft breaks (RFC 3676): a line that goes on ends with a space."""
    return "".join("\n".join(_soft_lines(line)) + "\n" for line in text.splitlines())


def _soft_lines(line: str) -> list[str]:
    lines = [""]
    for word in line.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) > 70:
            lines[-1] += " "
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def _with_raw_header(raw: bytes, name: str, value: str) -> bytes:
    """`raw` with a header set to latin-1 bytes as they are: what careless senders write."""
    head, _, body = raw.partition(b"\r\n\r\n")
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")
    kept = [line for line in unfolded if not line.lower().startswith(name.lower().encode() + b":")]
    return b"\r\n".join([*kept, f"{name}: {value}".encode("latin-1"), b"", body])
