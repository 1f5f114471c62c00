"""Fetched mail to sealed rows: a batch is read, judged and sealed in memory, then stored in one transaction.

The transaction begins with the lease, so that nothing is stored by a run that was overtaken; what it stores
is there whole or not at all. Row ids are drawn before, because what is sealed is bound to its row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import zstandard
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.ids import draw_id, draw_ids
from accounts.keyring import WorkerKeys
from accounts.models import ContentKey, MailAccount
from accounts.ownership import acting_as
from mail import bulk, runs, threads
from mail.heads import write_head
from mail.imap.plan import Trace, match_moves
from mail.imap.session import Fetched
from mail.lease import Lease
from mail.mime.parse import parse_many
from mail.mime.parsed import Parsed
from mail.models import Email, Folder, Message, MessageRef, SyncRun, Thread
from mail.pipeline import Incoming, ReaderContext, Step
from mail.scan import columns

_EARLIEST = datetime(1990, 1, 1, tzinfo=timezone.get_fixed_timezone(0))

_EMAIL = (
    "id", "owner_id", "account_id", "folder_id", "thread_id", "content_key_id", "uidvalidity", "uid",
    "received_at", "size", "state", "seen", "flagged", "answered", "draft", "deleted", "has_attachments",
    "has_invitation", "message_id_key", "sender_key", "raw_key", "urgency", "importance", "category", "spam",
    "rises_at", "done_at", "stored_at", "head",
)  # fmt: skip
_MESSAGE = ("email_id", "owner_id", "raw")
_REF = ("owner_id", "email_id", "ref")
_THREAD = ("id", "owner_id", "made_at")
_MOVE = """
    UPDATE mail_email SET folder_id = %s, uidvalidity = %s, uid = %s, missing_since = NULL,
           seen = %s, flagged = %s, answered = %s, draft = %s, deleted = %s
     WHERE id = %s AND owner_id = %s
"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A fetched mail, read. `digest` is the keyed one of its raw bytes."""

    fetched: Fetched
    parsed: Parsed = field(repr=False)
    digest: bytes = field(repr=False)

    @property
    def uid(self) -> int:
        """Its number in the folder."""
        return self.fetched.uid

    def trace(self, message_id: bytes) -> Trace:
        """What it is known by; `message_id` is keyed."""
        named = message_id if self.parsed.message_id else b""
        return Trace(self.uid, self.digest, named, self.fetched.size, self.fetched.received_at)


@dataclass(slots=True)
class Sealed:
    """One mail, ready for the database. `columns` is its row but for the thread."""

    columns: dict[str, Any] = field(repr=False)
    raw: bytes = field(repr=False)
    refs: list[bytes] = field(repr=False)


@dataclass(slots=True)
class Store:
    """Where the mails of one account go. `missing` are its rows that wait to be found again, by their id."""

    account: MailAccount
    keys: WorkerKeys
    reader: ReaderContext
    run: SyncRun
    lease: Lease
    missing: dict[int, Trace]
    _steps: list[Step] = field(init=False, repr=False)
    _compress: Callable[[bytes], bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._steps: list[Step] = [import_string(path) for path in settings.MAIL_PIPELINE]
        self._compress = zstandard.ZstdCompressor(level=3).compress

    def store(self, folder: Folder, uidvalidity: int, batch: Sequence[Fetched]) -> None:
        """Store a batch of one folder; what proves to be a moved mail keeps its row. Raises LeaseLost."""
        fetched = [one for one in batch if one.raw is not None]
        arrived = [
            Arrived(one, parsed, self.keys.keyed("raw", one.raw or b""))
            for one, parsed in zip(fetched, parse_many([one.raw or b"" for one in fetched]), strict=True)
        ]
        found = self._found(arrived)
        key = ContentKey(pk=draw_id(ContentKey), owner_id=self.account.owner_id)
        sealed = self._seal(folder, key, [one for one in arrived if one.uid not in found])
        with acting_as(self.account.owner_id):
            self.lease.hold()
            self._move(folder, uidvalidity, [(one, found[one.uid]) for one in fetched if one.uid in found])
            self._insert(key, folder, uidvalidity, sealed)
            runs.count(
                self.run,
                stored=len(sealed),
                matched=len(found),
                opaque=sum(one.columns["state"] != Email.State.READ for one in sealed),
                unreadable=len(batch) - len(fetched),
            )
        for old in found.values():
            del self.missing[old]

    def _found(self, arrived: Sequence[Arrived]) -> dict[int, int]:
        """Which of them are rows that we have: ids by UID."""
        if not self.missing:
            return {}
        traces = [one.trace(self._ref(one.parsed.message_id)) for one in arrived]
        return {uid: old for old, uid in match_moves(self.missing.values(), traces).items()}

    def _seal(self, folder: Folder, row: ContentKey, arrived: Sequence[Arrived]) -> list[Sealed]:
        """Judged and sealed, under a content key of their own that is set on its `row`."""
        if not arrived:
            return []
        incoming = self._judge(folder, arrived)
        key = self.keys.new_content_key(row)
        # Making an instance for each mail would take longer than sealing it: these two stand for all in turn.
        email, message = Email(owner_id=row.owner_id), Message(owner_id=row.owner_id)
        sealed = []
        for one, mail, pk in zip(arrived, incoming, draw_ids(Email, len(arrived)), strict=True):
            email.pk = message.pk = pk
            refs = self._refs(mail.parsed)
            values = self._columns(one, mail)
            values["id"] = pk
            values["message_id_key"] = refs[0] if mail.parsed.message_id else None
            values["head"] = self.keys.seal(key, email, "head", write_head(mail.parsed, mail.verdict))
            raw = self.keys.seal(key, message, "raw", self._compress(mail.raw))
            sealed.append(Sealed(values, raw, refs))
        return sealed

    def _judge(self, folder: Folder, arrived: Sequence[Arrived]) -> list[Incoming]:
        """Passed through the pipeline."""
        mails = [
            Incoming(
                uid=one.uid,
                raw=one.fetched.raw or b"",
                flags=one.fetched.flags,
                received_at=_received(one.fetched, one.parsed.date),
                size=one.fetched.size,
                role=folder.role,
                parsed=one.parsed,
            )
            for one in arrived
        ]
        for step in self._steps:
            step(mails, self.reader)
        return mails

    def _columns(self, one: Arrived, mail: Incoming) -> dict[str, Any]:
        """The plain and keyed columns of a mail that are its own."""
        parsed, verdict = mail.parsed, mail.verdict
        sender = parsed.sender.email.lower()
        return {
            "uid": one.uid,
            "received_at": mail.received_at,
            "size": mail.size,
            "state": _state(one),
            "has_attachments": any(not attachment.inline for attachment in parsed.attachments),
            "has_invitation": parsed.has_invitation,
            "sender_key": self.keys.keyed("sender", sender.encode("utf-8", "replace")) if sender else None,
            "raw_key": one.digest,
            "urgency": verdict.urgency,
            "importance": verdict.importance,
            "category": verdict.category,
            "spam": verdict.spam,
            "rises_at": verdict.rises_at,
            "done_at": self._done_at(mail),
            **columns(mail.flags),
        }

    def _done_at(self, mail: Incoming) -> datetime | None:
        """The first sync of an account takes old mail for done."""
        old = mail.received_at < self.reader.now - timedelta(days=self.account.done_after_days)
        return self.reader.now if old and self.account.first_synced_at is None else None

    def _refs(self, parsed: Parsed) -> list[bytes]:
        """The mail's own Message-ID, if it has one, and then those that it names, keyed."""
        named = [parsed.message_id, *parsed.references[-threads.MOST_REFS :]]
        return [self._ref(name) for name in dict.fromkeys(named) if name]

    def _ref(self, message_id: str) -> bytes:
        return self.keys.keyed("message-id", message_id.encode("utf-8", "replace"))

    def _move(self, folder: Folder, uidvalidity: int, moved: Sequence[tuple[Fetched, int]]) -> None:
        if not moved:
            return
        values = [
            (folder.pk, uidvalidity, one.uid, *columns(one.flags).values(), old, self.account.owner_id)
            for one, old in moved
        ]
        with connection.cursor() as cursor:
            cursor.executemany(_MOVE, values)

    def _insert(self, key: ContentKey, folder: Folder, uidvalidity: int, sealed: Sequence[Sealed]) -> None:
        if not sealed:
            return
        owner = self.account.owner_id
        key.save(force_insert=True)
        common = {
            "owner_id": owner,
            "account_id": self.account.pk,
            "folder_id": folder.pk,
            "content_key_id": key.pk,
            "uidvalidity": uidvalidity,
            "stored_at": self.reader.now,
        }
        threads_of, used = threads.assign(owner, [one.refs for one in sealed], draw_ids(Thread, len(sealed)))
        rows = [
            common | one.columns | {"thread_id": thread}
            for one, thread in zip(sealed, threads_of, strict=True)
        ]
        bulk.insert(Thread, _THREAD, [(thread, owner, self.reader.now) for thread in used])
        bulk.insert(Email, _EMAIL, [tuple([row[name] for name in _EMAIL]) for row in rows])
        bulk.insert(Message, _MESSAGE, [(one.columns["id"], owner, one.raw) for one in sealed])
        bulk.insert(MessageRef, _REF, [(owner, one.columns["id"], ref) for one in sealed for ref in one.refs])


def _state(one: Arrived) -> str:
    if not one.fetched.complete:
        return Email.State.CUT.value
    return Email.State.READ.value if one.parsed.readable else Email.State.OPAQUE.value


def _received(one: Fetched, date: datetime | None) -> datetime:
    """INTERNALDATE, else the Date header, else now; never before 1990, nor later than tomorrow."""
    now = timezone.now()
    at = one.received_at or date or now
    at = at if at.tzinfo else at.replace(tzinfo=_EARLIEST.tzinfo)
    return min(max(at, _EARLIEST), now + timedelta(days=1))
