"""One unit of a sync: connect, folders, look at each, fetch and store newest first, until done or time is up.

A unit is short, so that accounts take turns and a kill loses little: what is still to do is found again from
the rows and the server, not remembered. docs/sync.md tells the whole.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from accounts import grants
from accounts.connections import ConnectionFailed
from accounts.grants import NoGrant
from accounts.keyring import WorkerKeys
from accounts.language import zone_of
from accounts.models import MailAccount
from accounts.ownership import acting_as, acting_as_operator
from mail import connecting, earlier, folders, gone, lease, runs, schedule
from mail.imap.errors import SyncError
from mail.imap.session import Session
from mail.lease import Heartbeat, Lease, LeaseLost
from mail.models import Folder, SyncRun
from mail.pipeline import ReaderContext
from mail.scan import Found, Scanner
from mail.storage import Store

logger = logging.getLogger(__name__)

UNIT_SECONDS = 3.0
POISON = 3  # units begun in a row and never ended
_FOLDER_ONLY = frozenset({"folder-gone", "folder-refused"})
_REFUSALS = frozenset({"login-refused", "token-refused", "token-revoked"})


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work on one account."""

    account: MailAccount
    keys: WorkerKeys
    run: SyncRun
    lease: Lease
    ends: float  # monotonic

    def over(self) -> bool:
        """Whether others have waited long enough."""
        return time.monotonic() >= self.ends


def run_unit(account_id: int) -> bool:
    """Work on an account for a few seconds. True: there is more, queue the next unit.

    Does nothing where another worker holds the account, or where it was deleted or paused since.
    """
    with acting_as_operator("sync an account"):
        account = MailAccount.unscoped.select_related("owner").filter(pk=account_id).first()
    if account is None:
        return False
    held = lease.take(account)
    if held is None:
        runs.stop(account)
        return False
    with acting_as(account.owner_id):
        account.refresh_from_db(fields=["starts"])
    try:
        return _run(account, held)
    except LeaseLost:
        logger.info("Account %s was taken over, paused or deleted", account_id)
        runs.stop(account)
        return False
    except Exception:
        with suppress(LeaseLost), _still_ours(account, held):
            runs.break_off(account, "internal")
            schedule.failed(account, "internal")
        raise
    finally:
        held.release()


def _run(account: MailAccount, held: Lease) -> bool:
    run = runs.begin(account)
    if account.starts > POISON:
        runs.finish(run, "keeps-failing")
        schedule.needs_reader(account, "keeps-failing")
        return False
    try:
        keys = grants.borrow(account.owner_id)
        more, error = _work(Unit(account, keys, run, held, time.monotonic() + UNIT_SECONDS))
    except NoGrant:
        with _still_ours(account, held):
            runs.finish(run, "no-grant")
            if grants.live(account.owner_id).exists():  # it does not open, nor will it in 15 seconds
                schedule.failed(account, "grant-unusable", hopeless=True)
        return False
    except ConnectionFailed as failure:
        with _still_ours(account, held):
            _give_up(account, run, failure)
        return False
    except SyncError as failure:
        with _still_ours(account, held):
            runs.finish(run, failure.code)
            schedule.failed(account, failure.code, retry_after=failure.retry_after)
        return False
    if more:
        return True
    with _still_ours(account, held):
        runs.finish(run, error)
        schedule.succeeded(account, error)
    return False


@contextmanager
def _still_ours(account: MailAccount, held: Lease) -> Iterator[None]:
    """What came of a run is told by who holds the account: who was overtaken may have failed by a password
    that its reader has mended since. Raises LeaseLost."""
    with acting_as(account.owner_id):
        held.hold()
        yield


def _give_up(account: MailAccount, run: SyncRun, failure: ConnectionFailed) -> None:
    """Only a refused password or token waits for the reader: servers, names and certificates mend themselves.

    Some servers refuse without a reason when they are busy: their word counts the second time, an hour later.
    """
    runs.finish(run, failure.code)
    twice = account.error == failure.code
    if failure.code in _REFUSALS and (failure.permanent or twice):
        schedule.needs_reader(account, failure.code)
    elif failure.code == "login-refused":
        schedule.failed(account, failure.code, hopeless=True)
    else:
        hopeless = failure.permanent
        schedule.failed(account, failure.code, hopeless=hopeless, retry_after=failure.retry_after)


def _work(unit: Unit) -> tuple[bool, str]:
    """Whether there is more to do, and what the reader should know of this run."""
    client = connecting.connect(unit.account, unit.keys, unit.lease)
    client.wire.on_bytes = Heartbeat(unit.lease)
    with Session(client) as session:
        thorough = unit.run.full or earlier.searching(unit.account)
        scanner = Scanner(unit.account, session, unit.run, unit.lease, thorough)
        found = list(_look(unit, scanner))
        earlier.find(unit.account, unit.keys, session, found)
        scanner.pass_over([one.folder for one in found if one.unchanged])
        if wanted := sum(len(one.fetch) for one in found):
            runs.expect(unit.run, wanted)
        if not all(_fetch(unit, scanner, found)):
            return True, ""
    unsure = sum(gone.unsure(one.folder, one.doubtful, one.live) for one in found if one.doubtful)
    runs.count(unit.run, doubted=unsure)
    kept = gone.drop(unit.account, unit.run, unit.lease)
    return False, "" if kept and not unsure else "many-gone"


def _look(unit: Unit, scanner: Scanner) -> Iterator[Found]:
    """Look at every folder that this run has not finished: moves are known only when all have been seen."""
    listed = scanner.session.list_folders()
    for folder in folders.update(unit.account, listed, unit.keys, unit.lease):
        if folder.synced_at and folder.synced_at >= unit.run.started_at:
            continue
        try:
            yield scanner.scan(folder, folders.raw_name(folder, unit.keys))
        except SyncError as failure:
            if failure.code not in _FOLDER_ONLY or folder.role == Folder.Role.INBOX:
                raise
            logger.info("Folder %s cannot be opened: %s", folder.pk, failure.code)


def _fetch(unit: Unit, scanner: Scanner, found: list[Found]) -> Iterator[bool]:
    """Fetch and store what is new, folder by folder. False: time is up."""
    wanted = [one for one in found if one.fetch]
    if not wanted:
        return
    doubtful = [pk for one in found for pk in one.doubtful]
    store = Store(
        unit.account,
        unit.keys,
        reader_of(unit.account, unit.keys),
        unit.run,
        unit.lease,
        {trace.key: trace for trace in gone.traces(unit.account, doubtful)},
    )
    session = scanner.session
    for one in wanted:
        clean = True
        now = session.examine(folders.raw_name(one.folder, unit.keys))
        if now.uidvalidity != one.selected.uidvalidity:
            continue  # numbered anew since we looked: the next run sees it
        for batch in session.stream(one.fetch, settings.MAIL_MAX_BYTES):
            store.store(one.folder, one.selected.uidvalidity, batch)
            clean = clean and not any(mail.unreadable for mail in batch)
            # A unit without progress would be followed by others like it, for ever.
            yield not unit.over() or all(mail.unreadable for mail in batch)
        if clean and one.whole:
            scanner.finish(one)


def reader_of(account: MailAccount, keys: WorkerKeys) -> ReaderContext:
    """Whose mail it is, as the pipeline may know it."""
    address, name = keys.open_text(account, "address"), keys.open_text(account, "name")
    return ReaderContext(
        addresses=frozenset({address.lower()}),
        names=(name,) if name else (),
        time_zone=zone_of(account.owner.time_zone),
        now=timezone.now(),
    )
