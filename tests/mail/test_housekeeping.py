"""What deleted mail leaves behind goes, what is in use or fresh stays."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import ContentKey
from mail.housekeeping import drop_orphans
from mail.models import Email, Thread
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
