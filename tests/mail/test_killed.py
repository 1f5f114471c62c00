"""Real workers at bad moments: killed, two at once, their key taken away. Nothing is lost or doubled."""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from django.utils import timezone

from accounts import grants
from accounts.models import ContentKey, Grant, MailAccount
from accounts.ownership import acting_as
from mail import sync
from mail.models import Email, SyncRun
from mail.tasks import sync_account
from tests.conftest import Reader
from tests.mail.mailboxes import letter, mails, reload, sync_whole
from tests.servers.dovecot import Dovecot
from tests.worker import Worker, running, wait_for

pytestmark = pytest.mark.dovecot


def runs(account: MailAccount) -> list[SyncRun]:
    return list(SyncRun.objects.for_user(account.owner_id).filter(account=account).order_by("pk"))


def raws(reader: Reader, account: MailAccount) -> Counter[bytes]:
    """How often each mail is stored, as the reader opens it."""
    return Counter(zstandard.decompress(reader.vault.open(email.message, "raw")) for email in mails(account))


def test_a_grant_that_ends_in_the_middle_stops_the_run_and_loses_nothing(
    alice: Reader, account: MailAccount, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [letter(number) for number in range(6)]
    box.append(given[:3])
    box.append(given[3:], "Sent")
    monkeypatch.setattr(sync, "UNIT_SECONDS", 0.0)
    assert sync.run_unit(account.pk) is True
    Grant.objects.for_user(alice.user).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sync.run_unit(account.pk) is False
    assert [run.error for run in runs(account)] == ["no-grant"]
    assert (reload(account).state, reload(account).error, reload(account).failures) == ("active", "", 0)
    assert raws(alice, account) == Counter(given[:3])
    grants.give(alice.vault, Grant.Until.REVOKED)
    assert sync_whole(account).stored == 3
    assert raws(alice, account) == Counter(given)


def test_a_grant_that_is_stopped_while_mail_is_fetched_opens_no_next_unit(
    alice: Reader, account: MailAccount, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.append([letter(number) for number in range(3)])
    store = sync.Store.store

    def stop_first(self: sync.Store, *args: Any) -> None:
        with acting_as(alice.user):
            grants.stop(alice.pk)
        store(self, *args)

    monkeypatch.setattr(sync.Store, "store", stop_first)
    monkeypatch.setattr(sync, "UNIT_SECONDS", 0.0)
    assert sync.run_unit(account.pk) is True
    monkeypatch.undo()
    assert sync.run_unit(account.pk) is False
    assert runs(account)[-1].error == "no-grant"
    assert len(mails(account)) in (0, 3)


@pytest.fixture
def start_worker(dovecot: Dovecot, tmp_path: Path) -> Any:
    """start_worker(concurrency=2): a real worker, as a context."""

    def start(**options: Any) -> Any:
        return running(tmp_path, networks=f"127.0.0.1/32:{dovecot.port}", **options)

    return start


@pytest.mark.django_db(transaction=True)
def test_two_syncs_at_once_on_real_workers_store_each_mail_once(
    alice: Reader, account: MailAccount, box: Any, start_worker: Callable[..., Any]
) -> None:
    given = [letter(number) for number in range(200)]
    box.append(given)
    with start_worker(concurrency=2):
        for _ in range(6):
            sync_account.delay(account.pk)
        wait_for(lambda: runs(account) and all(run.finished_at for run in runs(account)))
        for _ in range(6):
            sync_account.delay(account.pk)
        wait_for(lambda: reload(account).lease_until is None and len(mails(account)) == len(given))
    assert {run.error for run in runs(account)} == {""}
    assert sum(run.stored for run in runs(account)) == len(given)
    assert raws(alice, account) == Counter(given)


KILLS = 12
AT_FIRST, EACH_TIME = 900, 60
MAILS = AT_FIRST + KILLS * EACH_TIME


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_at_any_moment_loses_and_doubles_nothing(
    alice: Reader, account: MailAccount, box: Any, start_worker: Callable[..., Any]
) -> None:
    """SIGKILL again and again, to the worker or only its child, at moments that the printed seed gives."""
    seed = random.SystemRandom().randrange(10**9)
    dice = random.Random(seed)
    given = [letter(number, body=f"{number} {dice.randbytes(40).hex()}") for number in range(MAILS)]
    box.append(given[:AT_FIRST])
    struck = []
    with start_worker() as worker:
        for at in range(AT_FIRST, MAILS, EACH_TIME):
            box.append(given[at : at + EACH_TIME], dice.choice(["INBOX", "Sent"]))
            struck.append(kill_in_a_sync(worker, account, dice))
        sync_account.delay(account.pk)
        wait_for(lambda: len(mails(account)) >= MAILS, 120)
        wait_for(lambda: reload(account).lease_until is None)
    in_the_middle = sum(struck)
    print(f"seed {seed}: {in_the_middle} of {KILLS} kills struck a sync, {len(runs(account))} runs")
    assert raws(alice, account) == Counter(given)
    assert Email.objects.for_user(alice.user).count() == MAILS
    assert {run.error for run in runs(account)} == {""}
    assert sum(run.stored for run in runs(account)) == MAILS
    used = set(Email.objects.for_user(alice.user).values_list("content_key_id", flat=True))
    assert set(ContentKey.objects.for_user(alice.user).values_list("pk", flat=True)) == used
    assert in_the_middle, "no kill came in the middle"


def kill_in_a_sync(worker: Worker, account: MailAccount, dice: random.Random) -> bool:
    """Queue a sync and kill what works on it. Whether it was at it."""
    fence = reload(account).fence
    sync_account.delay(account.pk)
    wait_for(lambda: reload(account).fence > fence)
    time.sleep(dice.uniform(0, 0.5))
    all_of_it = dice.random() < 0.5
    worker.kill() if all_of_it else worker.kill_child()
    struck = reload(account).lease_until is not None
    let_the_lease_run_out(account)
    if all_of_it:
        worker.start()
    return struck


def let_the_lease_run_out(account: MailAccount) -> None:
    """As two minutes do; and as a unit that ended would, or three kills would put the account aside."""
    mine = MailAccount.objects.for_user(account.owner_id).filter(pk=account.pk)
    mine.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1), starts=0)
