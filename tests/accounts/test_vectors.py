"""The published test vectors of docs/keys.md: a later version must go on opening what this one stored."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts import kdf, recovery, sealing
from accounts.kdf import Cost
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
