"""Keys: made, wrapped, lent; and what does not open."""

import pytest
from django.conf import settings

from accounts import grants, keyring, serverkeys
from accounts.ids import draw_id
from accounts.keyring import WorkerKeys
from accounts.models import ContentKey, Grant, Identity, MailAccount, SecurityEvent
from accounts.recovery import Misread, new_recovery_key, write_recovery_key
from accounts.sealing import CannotOpen, Place
from tests.conftest import PASSWORD, Reader


def identity_of(reader: Reader) -> Identity:
    return Identity.objects.for_user(reader.user).get()


def test_the_password_opens_the_vault(alice: Reader) -> None:
    row = identity_of(alice)
    vault = keyring.unlock(row, keyring.password_key(row, PASSWORD))
    assert vault.secret == alice.vault.secret
    assert vault.hash_key == alice.vault.hash_key


def test_another_password_does_not(alice: Reader) -> None:
    row = identity_of(alice)
    with pytest.raises(CannotOpen):
        keyring.unlock(row, keyring.password_key(row, PASSWORD + "."))


def new_recovery(row: Identity, reader: Reader) -> str:
    text = write_recovery_key(new_recovery_key())
    keyring.wrap_by_recovery(row, reader.vault, text)
    return text


def test_the_recovery_key_opens_the_vault_and_dies_with_the_next(alice: Reader) -> None:
    row = identity_of(alice)
    first = new_recovery(row, alice)
    assert keyring.unlock_by_recovery(row, first.lower().replace("-", " ")).secret == alice.vault.secret
    second = new_recovery(row, alice)
    with pytest.raises(CannotOpen):
        keyring.unlock_by_recovery(row, first)
    assert keyring.unlock_by_recovery(row, second).secret == alice.vault.secret


def test_a_typing_error_in_the_recovery_key_is_told_before_anything_is_tried(alice: Reader) -> None:
    row = identity_of(alice)
    written = new_recovery(row, alice)
    wrong = ("1" if written[0] != "1" else "2") + written[1:]
    for text in (wrong, written[:-1], written + "A", "", "ÄÖÜ"):
        with pytest.raises(Misread):
            keyring.unlock_by_recovery(row, text)


def test_a_new_password_wraps_the_same_secret(alice: Reader) -> None:
    row = identity_of(alice)
    keyring.rewrap(row, alice.vault, keyring.fresh_key("another password altogether"))
    with pytest.raises(CannotOpen):
        keyring.unlock(row, keyring.password_key(row, PASSWORD))
    vault = keyring.unlock(row, keyring.password_key(row, "another password altogether"))
    assert vault.secret == alice.vault.secret


def test_costs_from_the_database_have_a_floor_and_a_cap(alice: Reader) -> None:
    row = identity_of(alice)
    for memory, passes, lanes in ((8, 2, 1), (2**31, 2, 1), (19 * 1024, 1, 1), (19 * 1024, 2, 99)):
        row.memory, row.passes, row.lanes = memory, passes, lanes
        with pytest.raises(ValueError, match="bounds"):
            keyring.password_key(row, PASSWORD)


def test_a_grant_lends_the_workers_keys_and_not_the_vault(alice: Reader) -> None:
    grants.give(alice.vault, Grant.Until.REVOKED)
    keys = grants.borrow(alice.pk)
    assert type(keys) is WorkerKeys
    assert keys.sync_key == alice.vault.sync_key
    batch = ContentKey(pk=draw_id(ContentKey), owner=alice.user)
    key = keys.new_content_key(batch)
    assert alice.vault.open_to_reader(batch, "sealed") == key.material
    assert Grant.objects.for_user(alice.user).get().last_used_at is not None


def test_no_grant_is_no_key(alice: Reader) -> None:
    with pytest.raises(grants.NoGrant):
        grants.borrow(alice.pk)


def test_a_grant_whose_terms_were_changed_does_not_open(alice: Reader, bob: Reader) -> None:
    grants.give(alice.vault, Grant.Until.WEEK)
    Grant.objects.for_user(alice.user).update(expires_at=None)
    with pytest.raises(grants.NoGrant):
        grants.borrow(alice.pk)
    kinds = SecurityEvent.objects.for_user(alice.user).values_list("kind", flat=True)
    assert SecurityEvent.Kind.IDENTITY_CHANGED in kinds


def test_a_grant_pasted_into_anothers_row_does_not_open(alice: Reader, bob: Reader) -> None:
    grants.give(alice.vault, Grant.Until.REVOKED)
    theirs = grants.give(bob.vault, Grant.Until.REVOKED)
    Grant.objects.for_user(alice.user).update(wrapped=theirs.wrapped)
    with pytest.raises(grants.NoGrant):
        grants.borrow(alice.pk)


def test_workers_stop_where_the_public_key_was_exchanged(alice: Reader, bob: Reader) -> None:
    grants.give(alice.vault, Grant.Until.REVOKED)
    Identity.objects.for_user(alice.user).update(public_key=bob.vault.public_key)
    with pytest.raises(grants.NoGrant):
        grants.borrow(alice.pk)


def test_stopping_ends_every_grant(alice: Reader) -> None:
    grants.give(alice.vault, Grant.Until.REVOKED)
    grants.give(alice.vault, Grant.Until.WEEK)
    assert grants.stop(alice.pk) == 2
    with pytest.raises(grants.NoGrant):
        grants.borrow(alice.pk)


def test_an_envelope_moved_to_another_row_column_or_owner_does_not_open(alice: Reader, bob: Reader) -> None:
    row = MailAccount(pk=draw_id(MailAccount), owner=alice.user)
    row.host = alice.vault.seal_secret(row, "host", b"imap.example")
    assert alice.vault.open_text(row, "host") == "imap.example"
    row.username = row.host
    with pytest.raises(CannotOpen):
        alice.vault.open_secret(row, "username")
    other = MailAccount(pk=draw_id(MailAccount), owner=alice.user, host=row.host)
    with pytest.raises(CannotOpen):
        alice.vault.open_secret(other, "host")
    row.owner = bob.user
    with pytest.raises(CannotOpen):
        bob.vault.open_secret(row, "host")


def test_server_keys_rotate() -> None:
    place = Place("server", 0, "a.b", "c", 1)
    old = serverkeys.parse_keys(serverkeys.new_keys())
    envelope = serverkeys.seal(old, b"x", place)
    fresh = serverkeys.parse_keys(f"2:{'A' * 43}")
    assert serverkeys.unseal(fresh + old, envelope, place) == b"x"
    with pytest.raises(CannotOpen):
        serverkeys.unseal(fresh, envelope, place)


@pytest.mark.parametrize("text", ["", "1:short", "x:" + "A" * 43, f"1:{'A' * 43},1:{'B' * 43}"])
def test_nonsense_in_server_keys_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="GRANT_KEYS") as caught:
        serverkeys.parse_keys(text)
    assert "AAAA" not in str(caught.value)


def test_keys_do_not_show_themselves(alice: Reader) -> None:
    shown = repr(alice.vault) + repr(settings.GRANT_KEYS)
    for key in (alice.vault.secret, alice.vault.sync_key.material, alice.vault.hash_key):
        assert repr(key)[2:-1] not in shown
        assert key.hex() not in shown
