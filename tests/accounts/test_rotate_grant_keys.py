"""The server's keys are rotated: all that they sealed opens with the new one alone."""

import io
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts import authenticator, grants, invitations, rotating, sealing, serverkeys
from accounts.fields import ServerField
from accounts.models import Grant, Invitation
from tests.accounts.conftest import code_of
from tests.conftest import Reader

OLD, NEW = sealing.new_key(7), sealing.new_key(8)


@pytest.fixture(autouse=True)
def an_old_key(settings: Any) -> None:
    settings.GRANT_KEYS = (OLD,)


def rotate(*options: str) -> str:
    out = io.StringIO()
    call_command("rotate_grant_keys", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def sealed(alice: Reader, bob: Reader) -> Invitation:
    for until in (Grant.Until.WEEK, Grant.Until.REVOKED):
        grants.give(alice.vault, until)
    return invitations.make("carol@example.org")


def test_every_column_under_the_servers_keys_tells_where_its_values_belong() -> None:
    names = {f"{model.__name__}.{field.name}" for model, field in rotating.columns()}
    assert names >= {"Grant.wrapped", "Invitation.note", "Authenticator.secret"}
    assert all(field.place for _, field in rotating.columns())
    assert all(isinstance(field, ServerField) for _, field in rotating.columns())


def test_everything_opens_with_the_new_key_alone(alice: Reader, sealed: Invitation, settings: Any) -> None:
    settings.GRANT_KEYS = (NEW, OLD)
    told = rotate()
    assert "accounts_grant.wrapped: 2 sealed anew" in told
    assert "accounts_invitation.note: 1 sealed anew" in told
    assert "accounts_authenticator.secret: 2 sealed anew" in told
    assert "these may go: 7" in told
    settings.GRANT_KEYS = (NEW,)
    assert grants.borrow(alice.pk).sync_key == alice.vault.sync_key
    assert invitations.note_of(Invitation.objects.get()) == "carol@example.org"
    alice.device.refresh_from_db()
    assert authenticator.check(alice.device, code_of(alice)).ok


def test_a_second_run_seals_nothing_anew(sealed: Invitation, settings: Any) -> None:
    settings.GRANT_KEYS = (NEW, OLD)
    rotate()
    told = rotate()
    assert "accounts_grant.wrapped: 0 sealed anew, 2 already were" in told


def test_terms_stay_as_they_were(alice: Reader, sealed: Invitation, settings: Any) -> None:
    names = ("pk", "until", "expires_at", "made_at")
    before = list(Grant.objects.for_user(alice.user).order_by("pk").values(*names))
    settings.GRANT_KEYS = (NEW, OLD)
    rotate()
    assert list(Grant.objects.for_user(alice.user).order_by("pk").values(*names)) == before


def test_what_opens_with_no_key_is_told_and_stays(alice: Reader, sealed: Invitation, settings: Any) -> None:
    lost = sealing.new_key(1)
    grant = Grant.objects.for_user(alice.user).earliest("pk")
    envelope = serverkeys.seal((lost,), b"x", grant.place())
    Grant.objects.for_user(alice.user).filter(pk=grant.pk).update(wrapped=envelope)
    settings.GRANT_KEYS = (NEW, OLD)
    with pytest.raises(
        CommandError, match=r"1 values open with none of the keys: accounts_grant.wrapped \(1\)"
    ):
        rotate()
    assert Grant.objects.for_user(alice.user).get(pk=grant.pk).wrapped == envelope


def test_a_grant_that_was_pasted_into_anothers_row_does_not_open(
    alice: Reader, bob: Reader, sealed: Invitation
) -> None:
    mine = grants.give(bob.vault, Grant.Until.REVOKED)
    stolen = Grant.objects.for_user(alice.user).get(until=Grant.Until.REVOKED).wrapped
    Grant.objects.for_user(bob.user).filter(pk=mine.pk).update(wrapped=stolen)
    with pytest.raises(grants.NoGrant):
        grants.borrow(bob.pk)


def test_a_new_key_is_put_first_into_our_own_file(tmp_path: Path, settings: Any, db: None) -> None:
    settings.GRANT_KEYS_OWN_FILE = path = tmp_path / "grant_keys"
    path.write_text(serverkeys.new_keys() + "\n")
    path.chmod(0o600)
    assert "Key 2 stands first" in rotate("--new")
    assert [key.id for key in serverkeys.parse_keys(path.read_text())] == [2, 1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["grant_keys"]


def test_keys_of_the_environment_are_the_operators(settings: Any, db: None) -> None:
    settings.GRANT_KEYS_OWN_FILE = None
    with pytest.raises(CommandError, match="by hand"):
        rotate("--new")


def test_no_key_is_told(sealed: Invitation, settings: Any) -> None:
    settings.GRANT_KEYS = (NEW, OLD)
    told = rotate()
    for key in (OLD, NEW):
        assert key.material.hex() not in told
    assert settings.GRANT_KEYS[0] is NEW
