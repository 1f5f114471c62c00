"""Our folders brought in line with the server's list."""

import json
from collections.abc import Sequence

from django.utils import timezone

from accounts import mailboxes
from accounts.ids import draw_id
from accounts.keyring import WorkerKeys
from accounts.models import MailAccount
from accounts.ownership import acting_as
from mail.imap.errors import SyncError
from mail.imap.folders import ListedFolder
from mail.lease import Lease
from mail.models import Email, Folder

_FIRST = [Folder.Role.INBOX, Folder.Role.SENT, Folder.Role.DRAFTS, Folder.Role.ARCHIVE]


def write_name(listed: ListedFolder) -> bytes:
    """The bytes to seal in `Folder.name`."""
    parts = {"raw": listed.raw_name.decode("latin-1"), "name": listed.name, "delimiter": listed.delimiter}
    return json.dumps(parts).encode()


def read_name(opened: bytes) -> tuple[bytes, str, str]:
    """The server's own spelling, the name for people, and the delimiter (may be empty)."""
    parts = json.loads(opened)
    return parts["raw"].encode("latin-1"), parts["name"], parts["delimiter"]


def update(
    account: MailAccount, listed: Sequence[ListedFolder], keys: WorkerKeys, lease: Lease
) -> list[Folder]:
    """Add what is new, mark what is gone; give what can be opened and is not left out, the inbox first.

    A folder that the reader leaves out is as it is: neither looked at, nor ever gone.
    Raises SyncError("inbox-missing"): an empty list, or one without an inbox, is a server that answers oddly,
    and no reason to give anything up.
    """
    if not any(folder.role == Folder.Role.INBOX and folder.selectable for folder in listed):
        raise SyncError("inbox-missing")
    out = mailboxes.left_out(keys, account)
    with acting_as(account.owner_id):
        lease.hold()
        known = {bytes(row.name_key): row for row in account.folders.all()}
        rows = [_bring(account, folder, known, keys) for folder in listed]
        seen = {row.pk for row in rows}
        for row in known.values():
            if (row.pk not in seen or not row.selectable) and not _is_out(row, keys, out):
                _miss(row, listed=row.pk in seen)
    usable = [row for row in rows if row.selectable and not _is_out(row, keys, out)]
    return sorted(usable, key=lambda row: (_rank(row.role), row.pk))


def raw_name(folder: Folder, keys: WorkerKeys) -> bytes:
    """The server's own spelling."""
    return read_name(keys.open_secret(folder, "name"))[0]


def _is_out(folder: Folder, keys: WorkerKeys, out: frozenset[str]) -> bool:
    """Whether the reader leaves it out; the inbox never is."""
    if not out or folder.role == Folder.Role.INBOX:
        return False
    return read_name(keys.open_secret(folder, "name"))[1] in out


def _bring(
    account: MailAccount, listed: ListedFolder, known: dict[bytes, Folder], keys: WorkerKeys
) -> Folder:
    key = keys.keyed(f"folder-{account.pk}", listed.raw_name)
    row = known.get(key)
    if row is None:
        row = Folder(pk=draw_id(Folder), owner_id=account.owner_id, account=account, name_key=key)
        row.role, row.selectable = listed.role, listed.selectable
        row.name = keys.seal_secret(row, "name", write_name(listed))
        row.save(force_insert=True)
    elif (row.role, row.selectable, row.missing_since) != (listed.role, listed.selectable, None):
        row.role, row.selectable, row.missing_since = listed.role, listed.selectable, None
        row.save(update_fields=["role", "selectable", "missing_since"])
    return row


def _miss(row: Folder, *, listed: bool) -> None:
    """A folder that is not listed, or only as a name above others.

    Its mail may have moved with its name, so it waits to be found again.

    Dropping is `mail.gone`'s business, which asks the reader where much would go.
    """
    now = timezone.now()
    if row.uidvalidity is not None or (row.missing_since is None and not listed):
        row.missing_since, row.uidvalidity = None if listed else now, None
        row.save(update_fields=["missing_since", "uidvalidity"])
    mine = Email.objects.for_user(row.owner_id).filter(folder=row)
    mine.filter(missing_since=None, uidvalidity__gte=0).update(missing_since=now)
    if not listed and not mine.exists():
        row.delete()


def _rank(role: str) -> int:
    return _FIRST.index(Folder.Role(role)) if role in _FIRST else len(_FIRST)
