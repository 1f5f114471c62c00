"""Dispatching: what is due is claimed once, and what was lost is found again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts import grants
from accounts.models import Grant, MailAccount
from mail import lease, runs, schedule
from tests.conftest import Reader
from tests.mail.mailboxes import account_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(alice: Reader) -> MailAccount:
    return account_at(alice, 993, "alice")


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids that were put into the queue: the broker is not what is tested here."""
    ids: list[int] = []
    monkeypatch.setattr(schedule.current_app, "send_task", lambda name, args, **_: ids.append(args[0]))
    return ids


def change(account: MailAccount, **values: Any) -> None:
    MailAccount.objects.for_user(account.owner_id).filter(pk=account.pk).update(**values)


def test_a_new_account_is_due_and_claimed_once(account: MailAccount, queued: list[int]) -> None:
    assert schedule.dispatch() == 1
    assert schedule.dispatch() == 0
    assert queued == [account.pk]


def test_without_a_living_grant_nothing_is_due(
    alice: Reader, account: MailAccount, queued: list[int]
) -> None:
    grants.stop(alice.pk)
    assert schedule.dispatch() == 0
    grants.give(alice.vault, Grant.Until.WEEK)
    Grant.objects.for_user(alice.user).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert schedule.dispatch() == 0


@pytest.mark.parametrize("state", ["paused", "attention"])
def test_only_active_accounts_are_due(account: MailAccount, queued: list[int], state: str) -> None:
    change(account, state=state)
    assert schedule.dispatch() == 0


def test_what_is_not_due_yet_waits(account: MailAccount, queued: list[int]) -> None:
    change(account, next_sync_at=timezone.now() + timedelta(minutes=1))
    assert schedule.dispatch() == 0


def test_a_task_that_was_lost_is_queued_again_after_two_minutes(
    account: MailAccount, queued: list[int]
) -> None:
    schedule.dispatch()
    change(account, queued_at=timezone.now() - timedelta(seconds=schedule.LOST_AFTER + 1))
    assert schedule.dispatch() == 1
    assert schedule.EXPIRES < schedule.LOST_AFTER


def test_an_account_that_is_being_synced_is_left_alone(account: MailAccount, queued: list[int]) -> None:
    held = lease.take(account)
    assert held is not None
    assert schedule.dispatch() == 0
    held.release()
    assert schedule.dispatch() == 1


def test_a_lease_that_ran_out_is_taken_over_and_the_old_one_is_worth_nothing(account: MailAccount) -> None:
    first = lease.take(account)
    assert first is not None
    assert lease.take(account) is None
    change(account, lease_until=timezone.now() - timedelta(seconds=1))
    second = lease.take(account)
    assert second is not None
    with pytest.raises(lease.LeaseLost):
        first.hold()
    assert first.release() is False
    second.hold()


def test_a_broker_that_is_down_fails_nobody_and_loses_nothing(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(schedule.current_app, "send_task", refuse)
    schedule.go_on(account.pk, account.owner_id)
    assert MailAccount.objects.for_user(account.owner_id).get().queued_at is None


def test_success_comes_again_after_the_interval_and_forgets_failures(account: MailAccount) -> None:
    schedule.failed(account, "unreachable")
    schedule.succeeded(account)
    row = MailAccount.objects.for_user(account.owner_id).get()
    assert (row.failures, row.error) == (0, "")
    assert row.next_sync_at is not None
    assert abs((row.next_sync_at - timezone.now()).total_seconds() - row.sync_every) < 5


def test_a_server_that_names_a_time_is_obeyed(account: MailAccount) -> None:
    schedule.failed(account, "throttled", retry_after=900)
    row = MailAccount.objects.for_user(account.owner_id).get()
    assert row.next_sync_at is not None
    assert (row.next_sync_at - timezone.now()).total_seconds() > 800


def test_a_grant_until_the_first_sync_ends_with_the_last_first_sync(alice: Reader) -> None:
    first, second = account_at(alice, 993, "alice"), account_at(alice, 993, "other")
    grants.stop(alice.pk)
    grants.give(alice.vault, Grant.Until.FIRST_SYNC)
    schedule.succeeded(first)
    assert grants.live(alice.pk).exists()
    schedule.succeeded(second)
    assert not grants.live(alice.pk).exists()


def test_counts_that_do_not_exist_are_refused(account: MailAccount) -> None:
    with pytest.raises(ValueError, match="no counts"):
        runs.count(runs.begin(account), owner_id=1)
