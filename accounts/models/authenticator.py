"""The second factor that every reader has: an app that shows codes (TOTP, RFC 6238)."""

import base64
import time
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import models
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from accounts import serverkeys
from accounts.fields import ServerField
from accounts.sealing import Place

STEP = 30  # seconds that a code lasts
DIGITS = 6
TOLERANCE = 1  # steps before and after the one that the app is known to be at
KEY_BYTES = 20  # RFC 4226 §4, R6
ISSUER = "Mail Helper"


class Authenticator(TimestampMixin, ThrottlingMixin, Device):  # type: ignore[misc]
    """An app paired with this server. What its codes are made of stands under the server's key.

    A reader has one that is confirmed, and at most one that is being paired. Not `Owned`: it is asked for
    before anybody is signed in. `verify_token` is for `django_otp.verify_token` alone, which locks the row.
    """

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "user": "whose second factor it is, asked for before anybody is signed in",
        "name": "the word authenticator",
        "confirmed": "state",
        "drift": "how wrong the phone's clock is, in half minutes",
        "last_t": "the half minute of the last code, so that none works twice",
        "throttling_failure_timestamp": "time",
        "throttling_failure_count": "count; slows down guessing",
        "created_at": "time",
        "last_used_at": "time",
    }

    def place(self) -> Place:
        """Where the secret belongs."""
        return Place("server", self.user_id, "accounts.authenticator", "secret", self.pk)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    secret = ServerField(place=place)
    drift = models.SmallIntegerField(default=0)
    last_t = models.BigIntegerField(default=-1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "confirmed"], name="authenticator_one_a_state")
        ]

    @property
    def key(self) -> bytes:
        """What codes are made of. Raises CannotOpen where the server's key is another one now."""
        return serverkeys.unseal(settings.GRANT_KEYS, self.secret, self.place())

    @property
    def config_url(self) -> str:
        """What the QR code says: the Key URI Format of authenticator apps. Raises CannotOpen."""
        secret = base64.b32encode(self.key).decode()
        values = {"secret": secret, "algorithm": "SHA1", "digits": DIGITS, "period": STEP, "issuer": ISSUER}
        label = quote(f"{ISSUER}:{self.user.get_username()}")
        return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"

    def totp(self, at: float) -> TOTP:
        """The codes around a time (seconds since the epoch), by the phone's clock. Raises CannotOpen."""
        totp = TOTP(self.key, STEP, 0, DIGITS, self.drift)
        totp.time = at
        return totp

    def verify_token(self, token: Any) -> bool:
        """Take a code, which is worth nothing afterwards. Raises CannotOpen."""
        allowed, _ = self.verify_is_allowed()
        if not allowed:
            return False
        totp = self.totp(time.time())
        if not totp.verify(int(token), TOLERANCE, self.last_t + 1):
            self.throttle_increment()
            return False
        self.last_t, self.drift = totp.t(), totp.drift
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def get_throttle_factor(self) -> int:
        """Seconds to wait after the first wrong code; each further one doubles them."""
        return 1
