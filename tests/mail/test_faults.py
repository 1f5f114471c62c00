"""What goes wrong in the middle: nothing is lost or doubled, and nobody is told what is no longer so."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from accounts import mailboxes
from accounts.models import MailAccount
from accounts.ownership import acting_as
from mail import connecting, lease, sync
from mail.models import SyncRun
from tests.conftest import Reader
from tests.mail.mailboxes import ONE_MAIL, letter, mails, reload, sync_whole
from tests.servers.scripted import fetched

pytestmark = pytest.mark.dovecot


@pytest.mark.parametrize("what", ["a refused password", "a broken program"])
def test_who_was_overtaken_by_a_mended_password_does_not_stop_the_account(
    alice: Reader, account: MailAccount, box: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The reader mends the password while the wrong one is being tried."""
    account.password = alice.vault.seal_secret(account, "password", b"wrong")
    account.save(update_fields=["password"])
    box.append([letter(1)])
    open_imap = connecting.open_imap

    def mend_meanwhile(*args: Any, **options: Any) -> Any:
        with acting_as(alice.user):
            row = reload(account)
        details = mailboxes.read(alice.vault, row)
        mailboxes.change(alice.vault, row, dataclasses.replace(details, password="secret"))
        monkeypatch.undo()
        if what == "a broken program":
            raise RuntimeError(what)
        return open_imap(*args, **options)

    monkeypatch.setattr(connecting, "open_imap", mend_meanwhile)
    with contextlib.suppress(RuntimeError):
        assert sync.run_unit(account.pk) is False
    assert (reload(account).state, reload(account).error) == ("active", "")
    run = sync_whole(account)
    assert (run.error, run.stored) == ("", 1)
    assert not SyncRun.objects.for_user(account.owner_id).filter(error__gt="").exists()


SIZE = b"* 1 FETCH (UID 1 RFC822.SIZE 400)\r\nTAG OK done\r\n"


def by_line(answers: dict[bytes, bytes], other: bytes) -> Any:
    """An answer that depends on what the command's line holds."""

    def answer(tag: bytes, line: bytes) -> bytes:
        return next((text for word, text in answers.items() if word in line), other).replace(b"TAG", tag)

    return answer


def test_a_mail_that_is_slow_and_unreadable_does_not_keep_a_run_going(
    scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = b"* 1 FETCH (UID 1 BODY[] NIL)\r\nTAG OK done\r\n"
    account, _ = scripted(ONE_MAIL | {"UID FETCH": by_line({b"(UID RFC822.SIZE)": SIZE}, bad)})
    monkeypatch.setattr(sync, "UNIT_SECONDS", 0.0)
    assert sync_whole(account).unreadable == 1


def test_a_broken_program_ends_the_run_so_that_the_next_looks_at_every_folder(
    account: MailAccount, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.append([letter(1)], "Sent")

    def break_down(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(sync.Store, "store", break_down)
        with pytest.raises(RuntimeError):
            sync.run_unit(account.pk)
    run = SyncRun.objects.for_user(account.owner_id).get()
    assert (run.error, run.finished_at is None) == ("internal", False)
    box.append([letter(2)])
    assert sync_whole(account).stored == 2


def test_a_folder_that_the_server_cannot_open_keeps_no_other_from_coming(scripted: Any) -> None:
    account, _ = scripted(
        ONE_MAIL
        | {
            "LIST": b'* LIST () "/" INBOX\r\n* LIST () "/" Bad\r\nTAG OK done\r\n',
            "EXAMINE": by_line({b"Bad": b"TAG NO [SERVERBUG] Internal error\r\n"}, ONE_MAIL["EXAMINE"]),
            "UID FETCH": fetched((1, letter(1))) + b"TAG OK done\r\n",
        }
    )
    sync_whole(account)
    assert len(mails(account)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_slow_server_does_not_cost_the_lease(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "HOLD", 1)
    monkeypatch.setattr(lease, "BEAT", 0.1)
    taken: list[lease.Lease | None] = []

    def answer(tag: bytes, line: bytes) -> Iterator[bytes]:
        if b"(UID RFC822.SIZE)" in line:
            yield SIZE.replace(b"TAG", tag)
            return
        whole = fetched((1, letter(1))) + tag + b" OK done\r\n"
        for start in range(0, len(whole), 80):
            time.sleep(0.5)
            yield whole[start : start + 80]
        taken.append(lease.take(account))
        connection.close()  # this thread's own

    account, _ = scripted(ONE_MAIL | {"UID FETCH": answer})
    assert sync_whole(account).stored == 1
    assert taken == [None]
