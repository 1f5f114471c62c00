"""The authenticator app: pairing it, and checking its codes (TOTP, RFC 6238).

Codes go through `django_otp.verify_token` only: it locks the device's row, so that one code works once even
in parallel requests. The device slows down by itself after wrong codes.
"""

import base64
import math
import re
import time
from dataclasses import dataclass

import segno
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django_otp import verify_token
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User

_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_LOOK_AROUND = 20  # steps: how wrong a clock is still recognised, ten minutes


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a code. `wait` and `clock_off` are seconds, 0 where that is not the reason."""

    ok: bool
    wait: int = 0
    clock_off: int = 0


def is_code(text: str) -> bool:
    """Whether it has the form of an authenticator's code."""
    return bool(_CODE.fullmatch(text))


def device_of(user: User, *, confirmed: bool = True) -> TOTPDevice | None:
    """The reader's authenticator."""
    found: TOTPDevice | None = (
        TOTPDevice.objects.filter(user=user, confirmed=confirmed).order_by("pk").first()
    )
    return found


def check(device: TOTPDevice, code: str) -> Checked:
    """Try a code, which is worth nothing afterwards."""
    allowed, why = device.verify_is_allowed()
    if not allowed:
        return Checked(False, wait=_seconds_until(why))
    if is_code(code) and verify_token(device.user, device.persistent_id, code):
        return Checked(True)
    return Checked(False, clock_off=_clock_off(device, code) if is_code(code) else 0)


def pairing_picture(device: TOTPDevice) -> SafeString:
    """The QR code as an <svg> without styles and without a size of its own."""
    picture = segno.make(device.config_url, error="m", micro=False)
    drawn = picture.svg_inline(omitsize=True, svgclass=None, lineclass=None, dark="#000", border=2)
    return mark_safe(drawn)  # noqa: S308  (made of modules and numbers; the text is drawn, not written)


def secret_of(device: TOTPDevice) -> str:
    """The key in base 32, as apps take it."""
    return base64.b32encode(device.bin_key).decode()


def secret_groups(device: TOTPDevice) -> list[str]:
    """The same in fours, to be typed."""
    text = secret_of(device)
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def code_of(device: TOTPDevice) -> tuple[str, int]:
    """The present code and the seconds that it lasts."""
    now = time.time()
    return f"{_totp(device, now).token():06d}", int(device.step - int(now) % device.step)


def refusal(checked: Checked, *, pairing: bool = False) -> str:
    """Why a code was not taken, for the reader. How wrong a clock is stays untold outside pairing: it would
    tell a thief that a code was right at another time."""
    if checked.wait:
        return _("Too many wrong codes. Wait {seconds} s, then enter the next one.").format(
            seconds=checked.wait
        )
    if pairing and checked.clock_off:
        return _(
            "This code is right for a clock that is {minutes} min off. Let the phone set its time by itself, "
            "then enter a new code."
        ).format(minutes=math.ceil(checked.clock_off / 60))
    return _(
        "The code was not taken. Each works once and for 30 seconds: enter the next one. If none works, "
        "check that the phone sets its clock by itself."
    )


def _clock_off(device: TOTPDevice, code: str) -> int:
    now = time.time()
    for steps in range(1, _LOOK_AROUND + 1):
        for shift in (steps * device.step, -steps * device.step):
            if steps > device.tolerance and _totp(device, now + shift).token() == int(code):
                return int(abs(shift))
    return 0


def _totp(device: TOTPDevice, at: float) -> TOTP:
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = at
    return totp


def _seconds_until(why: dict[str, object] | None) -> int:
    until = (why or {}).get("locked_until")
    left = (until - timezone.now()).total_seconds() if until else 0  # type: ignore[operator]
    return max(1, math.ceil(left))
