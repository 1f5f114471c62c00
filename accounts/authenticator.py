"""The authenticator app: pairing it, and checking its codes (TOTP, RFC 6238).

Codes go through `django_otp.verify_token` only: it locks the device's row, so that one code works once even
in parallel requests. The device slows down by itself after wrong codes.
"""

import base64
import logging
import math
import os
import re
import time
from dataclasses import dataclass

import segno
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django_otp import verify_token

from accounts import serverkeys
from accounts.ids import draw_id
from accounts.models import Authenticator, User
from accounts.models.authenticator import KEY_BYTES, STEP, TOLERANCE
from accounts.sealing import CannotOpen

logger = logging.getLogger(__name__)

_CODE = re.compile(r"[0-9]{6}", re.ASCII)
# How wrong a clock is still recognised, in steps: ten minutes while pairing. At sign-in one minute, since a
# thief who is told that a guess comes true in half a minute guesses among five codes instead of three.
_FAR, _NEAR = 20, 2


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a code. `wait` and `clock_off` are seconds, 0 where that is not the reason.

    `closed`: the server has no key to the authenticator any more, so that no code can be compared.
    """

    ok: bool
    wait: int = 0
    clock_off: int = 0
    closed: bool = False


def is_code(text: str) -> bool:
    """Whether it has the form of an authenticator's code."""
    return bool(_CODE.fullmatch(text))


def make(user: User, *, confirmed: bool = False) -> Authenticator:
    """A new one with a random secret."""
    row = Authenticator(pk=draw_id(Authenticator), user=user, name="authenticator", confirmed=confirmed)
    row.secret = serverkeys.seal(settings.GRANT_KEYS, os.urandom(KEY_BYTES), row.place())
    row.save(force_insert=True)
    return row


def device_of(user: User, *, confirmed: bool = True) -> Authenticator | None:
    """The reader's authenticator, or the one that they are pairing."""
    found: Authenticator | None = Authenticator.objects.filter(user=user, confirmed=confirmed).first()
    return found


def begin_pairing(user: User) -> Authenticator:
    """A new one beside the one that holds; what was being paired before is dropped."""
    Authenticator.objects.filter(user=user, confirmed=False).delete()
    return make(user)


@transaction.atomic
def replace(user: User, paired: Authenticator) -> None:
    """The one that was paired holds from now on, the one before is worth nothing."""
    Authenticator.objects.filter(user=user, confirmed=True).delete()
    paired.confirmed = True
    paired.save(update_fields=["confirmed"])


def check(device: Authenticator, code: str, *, pairing: bool = False) -> Checked:
    """Try a code, which is worth nothing afterwards."""
    allowed, why = device.verify_is_allowed()
    if not allowed:
        return Checked(False, wait=_seconds_until(why))
    if not is_code(code):
        return Checked(False)
    try:
        if verify_token(device.user, device.persistent_id, code):
            return Checked(True)
        return Checked(False, clock_off=_clock_off(device, int(code), _FAR if pairing else _NEAR))
    except CannotOpen:
        logger.error("No key of GRANT_KEYS opens the authenticator of user %s", device.user_id)
        return Checked(False, closed=True)


def pairing_picture(device: Authenticator) -> SafeString:
    """The QR code as an <svg> without styles and without a size of its own."""
    picture = segno.make(device.config_url, error="m", micro=False)
    drawn = picture.svg_inline(omitsize=True, svgclass=None, lineclass=None, dark="#000", border=2)
    return mark_safe(drawn)  # noqa: S308  (made of modules and numbers; the text is drawn, not written)


def secret_of(device: Authenticator) -> str:
    """The key in base 32, as apps take it."""
    return base64.b32encode(device.key).decode()


def secret_groups(device: Authenticator) -> list[str]:
    """The same in fours, to be typed."""
    text = secret_of(device)
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def code_of(device: Authenticator) -> tuple[str, int]:
    """The present code and the seconds that it lasts."""
    now = time.time()
    return f"{device.totp(now).token():06d}", int(STEP - int(now) % STEP)


def refusal(checked: Checked) -> str:
    """Why a code was not taken, for the reader."""
    if checked.closed:
        return _(
            "This server has lost its key to the authenticator, so that no code can be checked. The mail is "
            "safe. Tell the operator; a backup code works meanwhile."
        )
    if checked.wait:
        return _("Too many wrong codes. Wait {seconds} s, then enter the next one.").format(
            seconds=checked.wait
        )
    if checked.clock_off:
        return _(
            "This code is right for a clock that is {minutes} min off. Let the phone set its time by itself, "
            "then enter a new code."
        ).format(minutes=math.ceil(checked.clock_off / 60))
    return _(
        "The code was not taken. Each works once and for 30 seconds: enter the next one. If none works, "
        "check that the phone sets its clock by itself."
    )


def _clock_off(device: Authenticator, code: int, look_around: int) -> int:
    """By how many seconds a clock is wrong that shows this code now; 0 where no clock near by does.

    What was used, or is older, tells nothing of clocks.
    """
    device.refresh_from_db(fields=["drift", "last_t"])
    now = time.time()
    for steps in range(TOLERANCE + 1, look_around + 1):
        for shift in (steps * STEP, -steps * STEP):
            there = device.totp(now + shift)
            if there.t() > device.last_t and there.token() == code:
                return abs(shift + device.drift * STEP)
    return 0


def _seconds_until(why: dict[str, object] | None) -> int:
    until = (why or {}).get("locked_until")
    left = (until - timezone.now()).total_seconds() if until else 0  # type: ignore[operator]
    return max(1, math.ceil(left))
