"""A reader's second factors, as the settings show them."""

from dataclasses import dataclass

from accounts import authenticator, durations, passkeys
from accounts.door import ReaderRequest
from accounts.keyring import Vault
from accounts.models import Passkey
from accounts.sealing import CannotOpen


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """`used` is "" where it never was; `label` where its name does not open."""

    pk: int
    label: str
    made: str
    used: str


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """`authenticator_used` as for passkeys. `can_add`: passkeys work at the host that was asked for."""

    authenticator_used: str
    passkeys: list[PasskeyLine]
    can_add: bool


def of(request: ReaderRequest) -> SecondFactors:
    """Those of the reader who asks."""
    device = authenticator.device_of(request.user)
    used = device.last_used_at if device else None
    rows = Passkey.objects.for_user(request.user).order_by("pk")
    return SecondFactors(
        authenticator_used=durations.ago(used) if used else "",
        passkeys=[_line(request.vault, row) for row in rows],
        can_add=passkeys.site_of(request) is not None,
    )


def label_of(vault: Vault, row: Passkey) -> str:
    """What the reader calls a passkey; "" where that does not open."""
    try:
        return vault.open_to_reader(row, "label").decode()
    except CannotOpen:
        return ""


def _line(vault: Vault, row: Passkey) -> PasskeyLine:
    used = durations.ago(row.used_at) if row.used_at else ""
    return PasskeyLine(row.pk, label_of(vault, row), durations.day(row.made_at), used)
