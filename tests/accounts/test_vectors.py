"""The published test vectors of docs/keys.md: a later version must go on opening what this one stored."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from accounts import kdf, recovery, sealing
from accounts.kdf import Cost
from accounts.models import Authenticator, Grant, Invitation
from accounts.sealing import CannotOpen, Key, Place

VECTORS = json.loads((Path(__file__).parents[2] / "docs" / "vectors.json").read_text())


def place_of(vector: dict[str, Any]) -> Place:
    return Place(**vector["place"])


@pytest.mark.parametrize("vector", VECTORS["aes_gcm"])
def test_aes_gcm_envelopes_open(vector: dict[str, Any]) -> None:
    key = Key(vector["key_id"], bytes.fromhex(vector["key"]))
    envelope = bytes.fromhex(vector["envelope"])
    assert sealing.unseal(key, envelope, place_of(vector)) == bytes.fromhex(vector["plaintext"])
    assert place_of(vector).encode().decode() == vector["place_line"]


@pytest.mark.parametrize("vector", VECTORS["hpke"])
def test_hpke_envelopes_open(vector: dict[str, Any]) -> None:
    secret, envelope = bytes.fromhex(vector["secret"]), bytes.fromhex(vector["envelope"])
    assert sealing.open_sealed(secret, envelope, place_of(vector)) == bytes.fromhex(vector["plaintext"])
    assert sealing.public_half(secret).hex() == vector["public"]


def one(kind: str, what: str) -> dict[str, Any]:
    return next(vector for vector in VECTORS[kind] if vector["what"] == what)


def opened(what: str, key: bytes) -> bytes:
    """An AES-256-GCM envelope of the vectors, by a key that came from elsewhere."""
    vector = one("aes_gcm", what)
    return sealing.unseal(Key(vector["key_id"], key), bytes.fromhex(vector["envelope"]), place_of(vector))


def opened_by_identity(what: str, secret: bytes) -> bytes:
    vector = one("hpke", what)
    return sealing.open_sealed(secret, bytes.fromhex(vector["envelope"]), place_of(vector))


def test_the_password_leads_to_the_mail() -> None:
    """The vectors belong together: each key is what another envelope held."""
    cost = VECTORS["argon2id"][0]
    password_key = kdf.password_key(
        cost["password"], bytes.fromhex(cost["salt"]), Cost(cost["memory"], cost["passes"], cost["lanes"])
    )
    secret = opened("identity, wrapped by the password key", password_key)
    content_key = opened_by_identity("content key", secret)
    mail = zstandard.decompress(opened("the mail itself", content_key))
    assert mail.decode() == VECTORS["mail"][0]["raw"]
    assert opened("head of a mail", content_key).startswith(b"{")


def test_the_recovery_key_leads_to_the_same_identity() -> None:
    key = recovery.read_recovery_key(VECTORS["recovery"][0]["written"])
    secret = opened("identity, wrapped by the recovery key", kdf.derive(key, "recovery"))
    assert secret.hex() == VECTORS["hpke"][0]["secret"]
    sync_key = opened_by_identity("sync key", secret)
    assert opened("server of a mail account", sync_key) == b"imap.example.org"
    assert opened("hash key", sync_key).hex() == VECTORS["keyed"][0]["key"]


def test_the_servers_key_leads_to_the_sync_key_and_no_further() -> None:
    lent = json.loads(opened("grant that ends", bytes.fromhex(one("aes_gcm", "grant that ends")["key"])))
    assert base64.b64decode(lent["sync"]).hex() == one("hpke", "sync key")["plaintext"]
    assert base64.b64decode(lent["public"]).hex() == VECTORS["hpke"][0]["public"]
    assert set(lent) == {"sync", "public"}


def test_the_cookies_half_leads_to_the_identity() -> None:
    halves = {vector["label"]: vector for vector in VECTORS["hkdf"] if len(vector["secret"]) == 64}
    half = bytes.fromhex(halves["session-half"]["secret"])
    secret = opened("the session's half of a vault", kdf.derive(half, "session-half"))
    assert secret.hex() == VECTORS["hpke"][0]["secret"]
    waits = json.loads(opened("what waits for the second factor", kdf.derive(half, "session-waiting")))
    assert base64.b64decode(waits[0][1]).hex() == VECTORS["argon2id"][0]["key"]
    assert opened("backup codes, while they are shown", kdf.derive(half, "session-kept"))


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (
            Grant(pk=8, owner_id=7, scope="sync", expires_at=datetime(2026, 12, 24, 18, tzinfo=UTC)),
            "grant that ends",
        ),
        (Grant(pk=9, owner_id=7, scope="sync", expires_at=None), "grant until it is revoked"),
        (Authenticator(pk=11, user_id=7), "secret of an authenticator"),
        (Invitation(pk=12), "note on an invitation"),
    ],
)
def test_rows_place_themselves_as_published(row: Any, what: str) -> None:
    assert row.place() == place_of(one("aes_gcm", what))


@pytest.mark.parametrize("vector", VECTORS["argon2id"])
def test_password_keys_are_the_same(vector: dict[str, Any]) -> None:
    cost = Cost(vector["memory"], vector["passes"], vector["lanes"])
    key = kdf.password_key(vector["password"], bytes.fromhex(vector["salt"]), cost)
    assert key.hex() == vector["key"]


@pytest.mark.parametrize("vector", VECTORS["hkdf"])
def test_derived_keys_are_the_same(vector: dict[str, Any]) -> None:
    assert kdf.derive(bytes.fromhex(vector["secret"]), vector["label"]).hex() == vector["key"]


@pytest.mark.parametrize("vector", VECTORS["keyed"])
def test_look_up_values_are_the_same(vector: dict[str, Any]) -> None:
    value = sealing.keyed(bytes.fromhex(vector["key"]), vector["purpose"], vector["value"].encode())
    assert value.hex() == vector["keyed"]


@pytest.mark.parametrize("vector", VECTORS["recovery"])
def test_recovery_keys_are_written_the_same(vector: dict[str, Any]) -> None:
    assert recovery.write_recovery_key(bytes.fromhex(vector["key"])) == vector["written"]
    assert recovery.read_recovery_key(vector["written"]).hex() == vector["key"]


@pytest.mark.parametrize("vector", VECTORS["backup_codes"])
def test_backup_codes_are_hashed_the_same(vector: dict[str, Any]) -> None:
    assert recovery.hash_backup_code(vector["owner"], vector["code"]).hex() == vector["digest"]


@pytest.mark.parametrize("at", [0, 5, 11, 20, -1])
def test_a_changed_byte_does_not_open(at: int) -> None:
    vector = VECTORS["aes_gcm"][0]
    envelope = bytearray.fromhex(vector["envelope"])
    envelope[at] ^= 1
    with pytest.raises(CannotOpen):
        sealing.unseal(Key(vector["key_id"], bytes.fromhex(vector["key"])), bytes(envelope), place_of(vector))


@pytest.mark.parametrize("length", [0, 3, 11, 38])
def test_a_cut_envelope_does_not_open(length: int) -> None:
    vector = VECTORS["hpke"][0]
    with pytest.raises(CannotOpen):
        sealing.open_sealed(
            bytes.fromhex(vector["secret"]), bytes.fromhex(vector["envelope"])[:length], place_of(vector)
        )
