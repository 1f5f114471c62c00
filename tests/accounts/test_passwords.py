"""Long passwords that are no good, and those that are."""

import pytest
from django.core.exceptions import ValidationError

from accounts.passwords import SimplePasswordValidator


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password12345678",
        "1234567890123456",
        "abcdefghijklmnop",
        "qwertyuiopasdfgh",
        "qwertzuiopasdfgh",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "!!!letmein!!!!!!!",
    ],
)
def test_what_would_be_tried_first_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        SimplePasswordValidator().validate(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "vier Wörter, ganz zufällig",
        "8301 9485 7162 053",
        "密码很长而且没有人知道它是什么",
    ],
)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    SimplePasswordValidator().validate(password)
