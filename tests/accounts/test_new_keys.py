"""New keys after a theft: everything under the old ones is sealed anew, or nothing is."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts import events, grants, keyring, mailboxes, newkeys, rewrapping, signup, transfers
from accounts.keyring import Vault
from accounts.mailboxes import Details
from accounts.models import ContentKey, Grant, Identity, MailAccount, SecurityEvent, Transfer, User
from accounts.ownership import acting_as
from accounts.sealing import CannotOpen
from mail import lease
from mail.models import Email, Folder, Message
from tests.accounts.test_password_change import NEW, opens
from tests.accounts.test_renewals import shown, typed
from tests.conftest import PASSWORD, Reader
from tests.mail.factories import make_account, make_email

PAGE = "/settings/security/new-keys/"


@pytest.fixture
def email(alice: Reader) -> Email:
    return make_email(alice, make_account(alice).inbox)


def renew(reader: Reader) -> Vault:
    user = User.objects.get(pk=reader.pk)
    return newkeys.renew(user, reader.vault, PASSWORD, signup.draw_recovery_key().text)[0]


def vault_of(reader: Reader) -> Vault:
    row = Identity.objects.for_user(reader.user).get()
    return keyring.unlock(row, keyring.password_key(row, PASSWORD))


def test_all_mail_is_readable_with_the_new_keys_and_by_the_same_password(
    alice: Reader, alice_client: Client, email: Email
) -> None:
    page = alice_client.get(PAGE).content
    response = alice_client.post(PAGE, typed(page))
    assert response.headers["Location"] == "/settings/background/?again=1"
    assert alice_client.get(f"/mail/{email.pk}/").status_code == 200
    vault = vault_of(alice)
    assert vault.secret != alice.vault.secret
    assert vault.public_key != alice.vault.public_key
    assert vault.sync_key.material != alice.vault.sync_key.material
    assert keyring.unlock_by_recovery(Identity.objects.for_user(alice.user).get(), shown(page))
    assert SecurityEvent.Kind.KEYS_MADE in set(
        SecurityEvent.objects.for_user(alice.user).values_list("kind", flat=True)
    )


def test_the_old_keys_open_nothing_that_is_stored(alice: Reader, alice_client: Client, email: Email) -> None:
    renew(alice)
    account = MailAccount.objects.for_user(alice.user).get()
    for row, name in ((account, "host"), (Folder.objects.for_user(alice.user).first(), "name")):
        with pytest.raises(CannotOpen):
            alice.vault.open_secret(row, name)
    for row in ContentKey.objects.for_user(alice.user):
        with pytest.raises(CannotOpen):
            alice.vault.open_to_reader(row, "sealed")


def test_every_value_opens_with_the_new_keys(alice: Reader, alice_client: Client, email: Email) -> None:
    box = mailboxes.add(
        alice.vault, Details("W", "a@example.org", "h.example.org", 993, "tls", "u", "secret")
    )
    events.record(alice.pk, SecurityEvent.Kind.EXPORTED)
    vault = renew(alice)
    assert mailboxes.password_of(vault, MailAccount.objects.for_user(alice.user).get(pk=box.pk)) == "secret"
    assert vault.hash_key == alice.vault.hash_key
    message = Message.objects.for_user(alice.user).get(email=email.pk)
    assert vault.open(message, "raw")


def test_mail_itself_is_not_touched(alice: Reader, email: Email) -> None:
    before = bytes(email.head)
    renew(alice)
    assert bytes(Email.objects.for_user(alice.user).get(pk=email.pk).head) == before


def test_sessions_and_grants_of_before_end(
    alice: Reader, alice_client: Client, on_a_phone: Client, email: Email
) -> None:
    grants.give(alice.vault, Grant.Until.REVOKED)
    alice_client.post(PAGE, typed(alice_client.get(PAGE).content))
    assert on_a_phone.get("/accounts/").headers["Location"].startswith("/sign-in/")
    assert alice_client.get("/accounts/").status_code == 200
    assert not Grant.objects.for_user(alice.user).filter(until=Grant.Until.REVOKED).exists()


def test_a_stolen_grant_opens_nothing_any_more(alice: Reader, email: Email) -> None:
    stolen = grants.give(alice.vault, Grant.Until.REVOKED)
    renew(alice)
    stolen.save(force_insert=True)
    with pytest.raises(grants.NoGrant):
        grants.borrow(alice.pk)


def test_a_sync_under_way_is_overtaken(alice: Reader, email: Email) -> None:
    held = lease.take(MailAccount.objects.for_user(alice.user).get())
    assert held
    renew(alice)
    with acting_as(alice.user), pytest.raises(lease.LeaseLost):
        held.hold()


@pytest.mark.parametrize("kind", [Transfer.Kind.IMPORT, Transfer.Kind.EXPORT])
def test_an_import_or_export_under_way_is_overtaken(alice: Reader, kind: Transfer.Kind) -> None:
    """What it still sealed to the old identity nobody could open."""
    work = transfers.claim(alice.pk, kind)
    assert work
    renew(alice)
    with pytest.raises(transfers.TransferLost):
        transfers.move_on(work, 1)


def test_a_deletion_under_way_goes_on(alice: Reader, email: Email) -> None:
    work = transfers.claim(alice.pk, Transfer.Kind.DELETE_ACCOUNT, target=email.account_id, total=1)
    assert work
    renew(alice)
    transfers.move_on(work, 1)


def test_a_vault_of_before_stores_no_secret(alice: Reader, email: Email) -> None:
    """A request of another tab that was let in a moment earlier."""
    details = Details("W", "a@example.org", "h.example.org", 993, "tls", "u", "secret")
    box = mailboxes.add(alice.vault, details)
    renew(alice)
    with pytest.raises(CannotOpen):
        mailboxes.add(alice.vault, replace(details, username="v"))
    with pytest.raises(CannotOpen):
        mailboxes.change(alice.vault, box, replace(details, name="X"))


def test_a_password_that_is_changed_in_between_is_not_undone(
    alice: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login hash of one password and the wrap of another would let nobody in."""
    inner = keyring.fresh_key

    def after_a_change(password: str) -> keyring.FreshKey:
        monkeypatch.undo()
        rewrapping.change_password(User.objects.get(pk=alice.pk), alice.vault, NEW)
        return inner(password)

    before = alice.vault.secret
    monkeypatch.setattr(keyring, "fresh_key", after_a_change)
    with pytest.raises(CannotOpen):
        renew(alice)
    assert opens(alice, NEW)
    assert alice.vault.secret == before


def test_a_damaged_value_stays_and_is_told(alice: Reader, alice_client: Client, email: Email) -> None:
    Folder.objects.for_user(alice.user).update(name=b"mh1 no envelope, but long enough to look like one")
    response = alice_client.post(PAGE, typed(alice_client.get(PAGE).content), follow=True)
    assert b"damaged" in response.content
    assert alice_client.get(f"/mail/{email.pk}/").status_code == 200


def stored(reader: Reader) -> list[list[dict[str, Any]]]:
    models = (Identity, MailAccount, ContentKey, Folder)
    return [list(model.objects.for_user(reader.user).order_by("pk").values()) for model in models]


@pytest.mark.parametrize("step", ["_overtake", "_renew_rows", "_renew_value"])
@pytest.mark.parametrize("after", [1, 2, 5])
def test_killed_at_any_step_all_is_as_before(
    alice: Reader, email: Email, monkeypatch: pytest.MonkeyPatch, step: str, after: int
) -> None:
    inner, calls = getattr(newkeys, step), []

    def break_off(*args: Any) -> None:
        inner(*args)
        calls.append(step)
        if len(calls) == min(after, 1 if step == "_overtake" else after):
            raise RuntimeError(step)

    before = stored(alice)
    monkeypatch.setattr(newkeys, step, break_off)
    with pytest.raises(RuntimeError):
        renew(alice)
    monkeypatch.undo()
    assert stored(alice) == before
    assert vault_of(alice).secret == alice.vault.secret


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_told_that_the_other_was_faster(alice: Reader) -> None:
    make_email(alice, make_account(alice).inbox)
    results = []

    def go() -> None:
        try:
            results.append(renew(alice))
        except CannotOpen:
            results.append(None)
        finally:
            connection.close()  # this thread's own

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result is None for result in results) == [False, True, True]
    assert vault_of(alice).secret == next(result.secret for result in results if result)
