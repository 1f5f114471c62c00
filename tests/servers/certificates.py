"""Certificates for loopback servers: a small authority, and what it signs, good and bad."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_SIGNS_ONLY = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """Paths of PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder. `path` is what a client must trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._sign(self.name, self.key.public_key(), names=[], authority=True)
        self.path = folder / "authority.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str = "localhost", *, days: int = 30, self_signed: bool = False) -> Identity:
        """A certificate for `name` and, for "localhost", 127.0.0.1; `days` < 0 has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names: list[x509.GeneralName] = [x509.DNSName(name)]
        if name == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        signer = key if self_signed else self.key
        certificate = self._sign(
            subject, key.public_key(), names=names, days=days, signer=signer, own=self_signed
        )
        return self._store(f"{name}-{days}-{self_signed}", certificate, key)

    def _sign(
        self,
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        *,
        names: list[x509.GeneralName],
        days: int = 30,
        authority: bool = False,
        signer: ec.EllipticCurvePrivateKey | None = None,
        own: bool = False,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        start, end = (now - DAY, now + days * DAY) if days > 0 else (now + 2 * days * DAY, now + days * DAY)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if own else self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        # From Python 3.13 on a chain must carry what RFC 5280 asks for.
        signing = (signer or self.key).public_key()
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing), critical=False
        ).add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        if authority:
            builder = builder.add_extension(_SIGNS_ONLY, critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer or self.key, hashes.SHA256())

    def _store(self, stem: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Identity:
        identity = Identity(self.folder / f"{stem}.pem", self.folder / f"{stem}.key")
        identity.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        identity.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        identity.key.chmod(0o600)
        return identity
