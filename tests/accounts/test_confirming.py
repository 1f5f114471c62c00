"""The password that an act asked for still holds when the act is done."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client

from accounts import keyring, rewrapping, signup
from accounts.models import BackupCode, Identity, ReaderSession, User
from accounts.sealing import CannotOpen
from accounts.waiting import Waiting
from tests.conftest import PASSWORD, Reader

STOLEN = "a password that a thief would set"
RECOVERED = "a password after the recovery"

pytestmark = pytest.mark.django_db(transaction=True)


def opens(reader: Reader, password: str) -> bool:
    row = Identity.objects.for_user(reader.user).get()
    try:
        return bool(keyring.unlock(row, keyring.password_key(row, password)))
    except CannotOpen:
        return False


def recovery(reader: Reader) -> threading.Thread:
    """The reader takes the account back, in a thread that has not begun."""
    key = keyring.recovery_key(signup.issue_recovery_key(reader.vault).text)

    def recover() -> None:
        user = User.objects.get(pk=reader.pk)
        waiting = Waiting(user, key, keyring.fresh_key(RECOVERED), make_password(RECOVERED), recovers=True)
        try:
            rewrapping.settle(waiting)
        finally:
            connection.close()  # this thread's own

    return threading.Thread(target=recover)


def meanwhile(elsewhere: threading.Thread, inner: Callable[..., Any]) -> Callable[..., Any]:
    """The call, and what happens elsewhere while it is under way."""

    def call(*args: Any) -> Any:
        result = inner(*args)
        if elsewhere.ident is None and threading.current_thread() is threading.main_thread():
            elsewhere.start()
            elsewhere.join(1)  # it waits for us, or is through
        return result

    return call


@pytest.mark.parametrize("moment", ["password_key", "fresh_key"])
def test_a_change_under_way_does_not_undo_a_recovery(
    alice: Reader, alice_client: Client, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """A thief who knew the old password sends it at the moment at which the reader takes the account back."""
    elsewhere = recovery(alice)
    monkeypatch.setattr(keyring, moment, meanwhile(elsewhere, getattr(keyring, moment)))
    alice_client.raise_request_exception = False
    alice_client.post(
        "/settings/security/password/", {"present": PASSWORD, "password": STOLEN, "password_again": STOLEN}
    )
    elsewhere.join()
    assert opens(alice, RECOVERED)
    assert not opens(alice, STOLEN)
    assert not ReaderSession.objects.for_user(alice.user).exists()


def test_backup_codes_are_not_changed_with_a_password_of_the_past(
    alice: Reader, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = recovery(alice)
    alice_client.get("/settings/security/backup-codes/")
    monkeypatch.setattr(keyring, "password_key", meanwhile(elsewhere, keyring.password_key))
    alice_client.raise_request_exception = False
    alice_client.post("/settings/security/backup-codes/", {"password": PASSWORD})
    elsewhere.join()
    assert opens(alice, RECOVERED)
    assert not BackupCode.objects.for_user(alice.user).exists()
