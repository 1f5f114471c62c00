"""Passkeys (WebAuthn Level 3): a second factor beside the authenticator, never in place of the password.

They belong to the host of BASE_URL, and are offered where a browser came by that host: by an IP address none
work. What a browser sends is checked by py_webauthn against a challenge that is good once.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import webauthn
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    generate_challenge,
    options_to_json,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.ids import draw_id
from accounts.keyring import Vault
from accounts.models import Passkey, User
from accounts.ownership import acting_as

NAME = "Mail Helper"
CREDENTIAL_AT_MOST = 16_000  # characters: those of today take two thousand
_ID_AT_MOST = 1023  # bytes, WebAuthn §4

# No attestation is asked for: browsers send none, or one that the passkey makes of itself.
_FORMATS = (AttestationFormat.NONE, AttestationFormat.PACKED)

# What the library raises where what it is given makes no sense: not all of it says so in one voice.
_BROKEN = (
    WebAuthnException,
    InvalidSignature,
    UnsupportedAlgorithm,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class Refused(Exception):
    """What the browser sent is no answer to the challenge, or not by one of the reader's passkeys."""


class Copied(Refused):
    """A passkey whose count did not grow: somebody may have a copy of it."""


@dataclass(frozen=True, slots=True)
class Site:
    """What passkeys are bound to: the host they are made for, and the origin that the browser is at."""

    host: str
    origin: str


def site_of(request: HttpRequest) -> Site | None:
    """Where passkeys work for this browser; None where they do not."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    here = urlsplit(f"//{request.get_host()}").hostname
    safe = request.is_secure() or host == "localhost"
    if not safe or here != host or _is_ip_address(host):
        return None
    return Site(host, f"{request.scheme}://{request.get_host()}")


def new_challenge() -> str:
    """Random, as text that can be kept."""
    return bytes_to_base64url(generate_challenge())


def options_to_make(site: Site, vault: Vault, username: str, challenge: str) -> str:
    """What `navigator.credentials.create` is given, as JSON. One that is there already is left out."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=NAME,
        user_id=vault.keyed("passkey", b"handle"),
        user_name=username,
        challenge=base64url_to_bytes(challenge),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_descriptors(Passkey.objects.for_user(vault.owner)),
    )
    return options_to_json(options)


def options_to_use(site: Site, user: User, challenge: str) -> str:
    """What `navigator.credentials.get` is given, as JSON; "" where the reader has no passkey."""
    with acting_as(user):
        known = _descriptors(Passkey.objects.for_user(user))
    if not known:
        return ""
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=base64url_to_bytes(challenge),
        allow_credentials=known,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json(options)


def add(site: Site, vault: Vault, challenge: str, sent: str, label: str) -> Passkey:
    """Keep the passkey that a browser made. Raises Refused."""
    try:
        credential = parse_registration_credential_json(sent)
        if parse_attestation_object(credential.response.attestation_object).fmt not in _FORMATS:
            raise Refused
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
        )
    except _BROKEN:
        raise Refused from None
    if len(made.credential_id) > _ID_AT_MOST:
        raise Refused
    row = Passkey(
        pk=draw_id(Passkey),
        owner_id=vault.owner,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=",".join(sorted(way.value for way in credential.response.transports or ())),
    )
    row.label = vault.seal_to_reader(row, "label", label.encode())
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Refused from None
    return row


def rename(vault: Vault, row: Passkey, label: str) -> None:
    """Call it otherwise."""
    row.label = vault.seal_to_reader(row, "label", label.encode())
    row.save(update_fields=["label"])


def check(site: Site, user: User, challenge: str, sent: str) -> None:
    """Nothing where one of the reader's passkeys answered the challenge. Raises Refused, Copied."""
    with acting_as(user):
        _check(site, user, challenge, sent)


def _check(site: Site, user: User, challenge: str, sent: str) -> None:
    try:
        credential = parse_authentication_credential_json(sent)
        mine = Passkey.objects.for_user(user).select_for_update()
        row = mine.filter(credential_id=credential.raw_id).first()
        if row is None:
            raise Refused
        used = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=bytes(row.public_key),
            credential_current_sign_count=0,  # compared below, where it can be told apart
        )
    except _BROKEN:
        raise Refused from None
    # Many passkeys do not count at all: they say 0 for ever (WebAuthn §6.1.1).
    if (used.new_sign_count or row.sign_count) and used.new_sign_count <= row.sign_count:
        raise Copied
    row.sign_count, row.used_at = used.new_sign_count, timezone.now()
    row.save(update_fields=["sign_count", "used_at"])


def _descriptors(rows: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=bytes(row.credential_id), transports=_ways(row)) for row in rows]


def _ways(row: Passkey) -> list[AuthenticatorTransport]:
    return [AuthenticatorTransport(way) for way in row.transports.split(",") if way]


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
