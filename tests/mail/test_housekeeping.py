"""What deleted mail leaves behind goes, what is in use or fresh stays."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import ContentKey
from mail.housekeeping import drop_orphans, end_runs
from mail.models import Email, SyncRun, Thread
from tests.conftest import Reader
from tests.mail.factories import letter, make_account, make_email


def test_orphans_are_dropped_a_day_later(alice: Reader) -> None:
    box = make_account(alice, "alice@example.org")
    kept, gone = (make_email(alice, box.inbox, letter(subject=name)) for name in ("kept", "gone"))
    gone.delete()
    assert drop_orphans() == {"threads": 0, "content_keys": 0}
    long_ago = timezone.now() - timedelta(days=2)
    Thread.objects.for_user(alice.user).update(made_at=long_ago)
    ContentKey.objects.for_user(alice.user).update(made_at=long_ago)
    assert drop_orphans() == {"threads": 1, "content_keys": 1}
    assert Email.objects.for_user(alice.user).get() == kept
    assert drop_orphans() == {"threads": 0, "content_keys": 0}


def test_a_run_that_nobody_goes_on_with_is_ended_and_old_ones_are_dropped(alice: Reader) -> None:
    account = make_account(alice, "alice@example.org").account
    now = timezone.now()
    runs = SyncRun.objects.for_user(alice.user)
    old = runs.create(owner=alice.user, account=account, finished_at=now - timedelta(days=31))
    recent = runs.create(owner=alice.user, account=account, finished_at=now - timedelta(days=29))
    still = runs.create(owner=alice.user, account=account)
    assert end_runs() == {"ended": 0, "dropped": 1}
    runs.filter(pk=still.pk).update(moved_on_at=now - timedelta(minutes=16))
    assert end_runs() == {"ended": 1, "dropped": 0}
    assert set(runs.values_list("pk", "error")) == {(recent.pk, ""), (still.pk, "interrupted")}
    assert not runs.filter(pk=old.pk).exists()
