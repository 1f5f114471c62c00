"""Passwords that are long and still among the first that anybody would try."""

import functools
import itertools
import string
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_ROWS = ("qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm")
_AROUND = string.digits + string.punctuation + string.whitespace
_LEAST_DIFFERENT = 5
_MOST_STEPS = 0.8


class SimplePasswordValidator:
    """Refuses common ones repeated or with digits around, few different characters, and runs like 12345."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        text = password.casefold()
        if _unit(text.strip(_AROUND)) in _common() or len(set(text)) < _LEAST_DIFFERENT or _is_run(text):
            raise ValidationError(
                _("This password is one of the first that would be tried. Take words that are far apart."),
                code="password_too_simple",
            )

    def get_help_text(self) -> str:
        """For forms that show it."""
        return _("Not one word with digits, and no row of keys.")


@functools.cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def _unit(text: str) -> str:
    """What a text repeats: "abcabc" gives "abc"; a text that repeats nothing gives itself."""
    at = (text + text).find(text, 1)
    return text[:at] if text else ""


def _is_run(text: str) -> bool:
    """Whether most characters follow their neighbour in the alphabet, or on the keyboard."""
    if any(text in row * 2 or text[::-1] in row * 2 for row in _ROWS):
        return True
    steps = [abs(ord(after) - ord(before)) <= 1 for before, after in itertools.pairwise(text)]
    return sum(steps) > _MOST_STEPS * len(steps)
