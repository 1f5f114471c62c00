"""New backup codes and a new recovery key: the old hold until the new are kept."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import backupcodes, keyring, signup
from accounts.models import Identity, SecurityEvent
from accounts.sealing import CannotOpen
from tests.conftest import PASSWORD, Reader

CODES, KEY = "/settings/security/backup-codes/", "/settings/security/recovery-key/"


def shown(page: bytes) -> str:
    found = re.search(r'data-text="([^"]+)"', page.decode())
    assert found
    return found[1].replace("&#10;", " ").strip()


def typed(page: bytes, password: str = PASSWORD) -> dict[str, Any]:
    """The two groups that a page asks for, and the password."""
    groups = shown(page).split("-")
    first, second = (int(number) - 1 for number in re.findall(r"Group (\d)", page.decode()))
    return {"first": groups[first], "second": groups[second], "password": password}


def kinds(reader: Reader) -> set[str]:
    return set(SecurityEvent.objects.for_user(reader.user).values_list("kind", flat=True))


def opens(reader: Reader, key: str) -> bool:
    try:
        return bool(keyring.unlock_by_recovery(Identity.objects.for_user(reader.user).get(), key))
    except CannotOpen:
        return False


def test_new_codes_hold_once_they_are_kept(alice: Reader, alice_client: Client) -> None:
    old = backupcodes.issue(alice.pk)
    new = shown(alice_client.get(CODES).content).split()
    assert len(new) == 10
    assert not backupcodes.are_current(alice.pk, new)
    assert backupcodes.are_current(alice.pk, old)
    assert alice_client.post(CODES, {"password": PASSWORD}).status_code == 302
    assert backupcodes.are_current(alice.pk, new)
    assert not backupcodes.use(alice.pk, old[0])
    assert SecurityEvent.Kind.BACKUP_CODES_MADE in kinds(alice)


def test_codes_survive_a_reload_and_are_gone_afterwards(alice: Reader, alice_client: Client) -> None:
    first = shown(alice_client.get(CODES).content)
    assert shown(alice_client.get(CODES).content) == first
    alice_client.post(CODES, {"password": PASSWORD})
    assert shown(alice_client.get(CODES).content) != first


def test_codes_that_were_never_shown_do_not_hold(alice: Reader, alice_client: Client) -> None:
    """A second click, a page from before the lock, a form of another tab."""
    kept = shown(alice_client.get(CODES).content).split()
    alice_client.post(CODES, {"password": PASSWORD})
    response = alice_client.post(CODES, {"password": PASSWORD})
    assert response.status_code == 422
    assert b"other codes" in response.content
    assert backupcodes.are_current(alice.pk, kept)
    assert alice_client.post(CODES, {"password": PASSWORD}).status_code == 302
    assert backupcodes.are_current(alice.pk, shown(response.content).split())


def test_a_key_that_was_never_shown_does_not_hold(alice: Reader, alice_client: Client) -> None:
    page = alice_client.get(KEY).content
    alice_client.post(KEY, typed(page))
    assert alice_client.post(KEY, typed(page)).status_code == 422
    assert opens(alice, shown(page))


@pytest.mark.parametrize("page", [KEY, "/settings/security/new-keys/"])
def test_the_page_tells_that_another_tab_was_faster(
    alice: Reader, alice_client: Client, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    def too_late(*_: Any) -> None:
        raise CannotOpen

    old = signup.issue_recovery_key(alice.vault).text
    new = alice_client.get(page).content
    monkeypatch.setattr(keyring, "hold", too_late)
    response = alice_client.post(page, typed(new))
    assert response.status_code == 422
    assert b"Another tab was faster" in response.content
    assert opens(alice, old)


@pytest.mark.parametrize("page", [CODES, KEY, "/settings/security/new-keys/"])
def test_without_the_password_nothing_changes(alice: Reader, alice_client: Client, page: str) -> None:
    codes, key = backupcodes.issue(alice.pk), signup.issue_recovery_key(alice.vault).text
    before = Identity.objects.for_user(alice.user).values().get()
    content = alice_client.get(page).content
    values = typed(content, "wrong horse battery staple") if page != CODES else {"password": "wrong"}
    assert alice_client.post(page, values).status_code == 422
    assert backupcodes.are_current(alice.pk, codes)
    assert opens(alice, key)
    assert Identity.objects.for_user(alice.user).values().get() == before


def test_a_new_recovery_key_holds_once_two_groups_were_typed(alice: Reader, alice_client: Client) -> None:
    old = signup.issue_recovery_key(alice.vault).text
    page = alice_client.get(KEY).content
    assert opens(alice, old)
    assert not opens(alice, shown(page))
    assert alice_client.post(KEY, {**typed(page), "first": "0000"}).status_code == 422
    assert opens(alice, old)
    assert alice_client.post(KEY, typed(page)).status_code == 302
    assert not opens(alice, old)
    assert opens(alice, shown(page))
    assert SecurityEvent.Kind.RECOVERY_KEY_MADE in kinds(alice)


def test_what_is_shown_opens_with_the_cookies_half_only(alice: Reader, alice_client: Client) -> None:
    new = shown(alice_client.get(KEY).content)
    stored = alice_client.session.items()
    assert new not in str(list(stored))


def test_the_page_of_security_tells_how_many_codes_are_left(alice: Reader, alice_client: Client) -> None:
    codes = backupcodes.issue(alice.pk)
    backupcodes.use(alice.pk, codes[0])
    assert b"9 of 10 are left" in alice_client.get("/settings/security/").content


def test_the_page_of_security_tells_when_the_recovery_key_was_made(
    alice: Reader, alice_client: Client
) -> None:
    assert b"Made " not in alice_client.get("/settings/security/").content
    alice_client.post(KEY, typed(alice_client.get(KEY).content))
    four_days_ago = timezone.now() - timedelta(days=4)
    made = SecurityEvent.objects.for_user(alice.user).filter(kind=SecurityEvent.Kind.RECOVERY_KEY_MADE)
    made.update(at=four_days_ago)
    assert b"Made 4 days ago." in alice_client.get("/settings/security/").content
