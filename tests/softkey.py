"""A passkey in software: it answers as a browser and its authenticator would, and may be told to cheat."""

import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from accounts import passkeys
from accounts.models import Passkey
from accounts.passkeys import Site
from tests.conftest import Reader

_PRESENT, _VERIFIED, _ATTESTED = 1, 4, 64


def written(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftKey:
    """An ES256 passkey of one site. `count` is what the next answer says: always 0 where `counts` is off."""

    origin: str = "http://localhost"
    counts: bool = True
    count: int = 1
    id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: str, **changes: Any) -> str:
        """The answer to `navigator.credentials.create`. Changes go into the client's data, `fmt` apart."""
        asked = json.loads(options)
        data = self._data(asked["rp"]["id"], _PRESENT | _VERIFIED | _ATTESTED)
        data += bytes(16) + struct.pack(">H", len(self.id)) + self.id + self._public()
        attestation = {"fmt": changes.pop("fmt", "none"), "attStmt": {}, "authData": data}
        return self._answer(
            {
                "clientDataJSON": written(self._client("webauthn.create", asked, changes)),
                "attestationObject": written(cbor2.dumps(attestation)),
                "transports": ["internal", "usb", "of tomorrow"],
            }
        )

    def use(self, options: str, **changes: Any) -> str:
        """The answer to `navigator.credentials.get`."""
        asked = json.loads(options)
        client = self._client("webauthn.get", asked, changes)
        data = self._data(asked["rpId"], _PRESENT)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": written(client),
                "authenticatorData": written(data),
                "signature": written(signature),
            }
        )

    def _client(self, kind: str, asked: dict[str, Any], changes: dict[str, Any]) -> bytes:
        data = {"type": kind, "challenge": asked["challenge"], "origin": self.origin, **changes}
        return json.dumps(data).encode()

    def _data(self, host: str, flags: int) -> bytes:
        count = self.count if self.counts else 0
        self.count += 1
        return sha256(host.encode()).digest() + struct.pack(">BI", flags, count)

    def _public(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def _answer(self, response: dict[str, Any]) -> str:
        name = written(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def make_passkey(owner: Reader, label: str = "Key ring") -> Passkey:
    """A passkey of the reader's, made without the pages."""
    site, challenge = Site("localhost", "http://localhost"), passkeys.new_challenge()
    answer = SoftKey().make(passkeys.options_to_make(site, owner.vault, "reader", challenge))
    return passkeys.add(site, owner.vault, challenge, answer, label)
