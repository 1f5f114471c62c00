"""docs/keys.md names every protected column, and says how it is kept and sealed, as is so in truth."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accounts import events, grants, invitations, kdf, keyring, recovery, sealing
from accounts.checks import our_models
from accounts.fields import KeyedField, ProtectedField
from accounts.keyring import Vault
from accounts.models import ContentKey, Grant, Identity, Invitation, SecurityEvent
from accounts.ownership import acting_as_operator, everybodys
from accounts.sealing import Key, Place
from tests.conftest import PASSWORD, Reader, sign_in
from tests.mail.factories import make_account, make_email

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "keys.md").read_text()

_ROW = re.compile(r"^\| (`\w+\.\w+`.*?) \| (\w+) \|", re.MULTILINE)
_WHOLE_ROW = re.compile(r"^\| (`\w+\.\w+`.*?) \| \w+ \| (.+?) \| `([\w-]+)` \|$", re.MULTILINE)
_NAME = re.compile(r"`(\w+\.\w+)`")


def protected() -> dict[str, ProtectedField]:
    return {
        f"{model.__name__}.{field.name}": field
        for model in our_models()
        for field in model._meta.concrete_fields
        if isinstance(field, ProtectedField)
    }


def test_the_table_holds_every_envelope_and_how_it_is_kept() -> None:
    told = {name: kept for names, kept in _ROW.findall(PAGE) for name in _NAME.findall(names)}
    there = {name: field.privacy for name, field in protected().items() if not isinstance(field, KeyedField)}
    assert told == there
    print(f"{len(told)} envelopes are told of")


def test_every_keyed_column_is_named() -> None:
    sentence = next(line for line in PAGE.splitlines() if line.startswith("Columns that are kept *keyed*"))
    there = {name for name, field in protected().items() if isinstance(field, KeyedField)}
    assert set(_NAME.findall(sentence)) == there


RECOVERY_KEY = bytes(range(20))


@pytest.fixture
def filled(alice: Reader) -> Reader:
    """As much as a reader has after signing up, connecting a mailbox and fetching a mail."""
    identity = Identity.objects.for_user(alice.user).get()
    keyring.wrap_by_recovery(identity, alice.vault, recovery.write_recovery_key(RECOVERY_KEY))
    identity.save()
    make_email(alice, make_account(alice).inbox)
    sign_in(alice)
    grants.give(alice.vault, Grant.Until.WEEK)
    grants.give(alice.vault, Grant.Until.REVOKED)
    events.record(alice.pk, SecurityEvent.Kind.SIGNED_IN)
    invitations.make("for Bob")
    return alice


def documented() -> dict[str, tuple[str, str]]:
    """Which key and which purpose the page gives, by the column's name."""
    rows = _WHOLE_ROW.findall(PAGE)
    return {name: (key, purpose) for names, key, purpose in rows for name in _NAME.findall(names)}


def stored() -> Iterator[tuple[str, Any, str, bytes]]:
    """The envelopes that there are: the column's name, the row, the field, the bytes."""
    models = {model.__name__: model for model in our_models()}
    for name in documented():
        model, field = name.split(".")
        for row in everybodys(models[model]).exclude(**{field: None}):
            yield name, row, field, bytes(getattr(row, field))


def test_each_value_opens_by_the_key_and_purpose_of_the_page(filled: Reader) -> None:
    opened = {}
    with acting_as_operator("test"):
        for name, row, field, envelope in stored():
            key, purpose = documented()[name]
            _open(key, envelope, _place(purpose, row, field), filled.vault)
            opened[name] = purpose
    assert set(opened.values()) == {purpose for _, purpose in documented().values()}
    print(f"{len(opened)} of {len(documented())} kinds were opened as the page says")
    assert len(opened) >= 15


def _place(purpose: str, row: Any, field: str) -> Place:
    """`mh1:PURPOSE:OWNER:MODEL:FIELD:ROW` as the page says."""
    if purpose == "grant-SCOPE-EXPIRY":
        expiry = (
            row.expires_at.isoformat(timespec="microseconds").replace(":", "") if row.expires_at else "never"
        )
        purpose = f"grant-{row.scope}-{expiry}"
    owner = 0 if isinstance(row, Invitation) else getattr(row, "owner_id", None) or row.user_id
    return Place(purpose, owner, row._meta.label_lower, field, row.pk)


def _open(key: str, envelope: bytes, place: Place, vault: Vault) -> bytes:
    number = sealing.key_id(envelope)
    if key.startswith("the identity, by HPKE"):
        assert number == vault.identity_id
        return sealing.open_sealed(vault.secret, envelope, place)
    return sealing.unseal(Key(number, _material(key, number, vault)), envelope, place)


def _material(key: str, number: int, vault: Vault) -> bytes:
    if key.startswith("a content key"):
        row = ContentKey.unscoped.get(pk=number)
        return vault.open_to_reader(row, "sealed")
    if key == "the sync key (id 1)":
        assert number == 1
        return vault.sync_key.material
    if key == "the first server key":
        assert number == settings.GRANT_KEYS[0].id
        return settings.GRANT_KEYS[0].material
    if key == "password key (id 2)":
        assert number == 2
        return keyring.password_key(Identity.unscoped.get(), PASSWORD).material
    assert key == 'recovery key through HKDF "recovery" (id 3)'
    assert number == 3
    return kdf.derive(RECOVERY_KEY, "recovery")


def test_every_purpose_of_the_page_has_a_published_vector() -> None:
    vectors = json.loads((DOCS / "vectors.json").read_text())
    published = {vector["place"]["purpose"] for kind in ("aes_gcm", "hpke") for vector in vectors[kind]}
    sentence = next(line for line in PAGE.splitlines() if line.startswith("Outside of these tables"))
    purposes = {purpose for _, purpose in documented().values()} | set(
        re.findall(r"purpose `(\w+)`", sentence)
    )
    assert len(purposes) == 8
    assert {re.sub(r"^grant-.*", "grant-SCOPE-EXPIRY", purpose) for purpose in published} == purposes
