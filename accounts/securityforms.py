"""The forms of what protects an account: a new password, a lost one, keys on paper."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import NewPasswordForm, PasswordField, RecoveryKeyForm, UsernameField
from accounts.recovery import Misread, read_recovery_key

_KEY_AT_MOST = 120  # 36 characters, and whatever stands between the groups


class PasswordChangeForm(NewPasswordForm):
    """The present password and the new one."""

    field_order = ("present", "password", "password_again")

    present = PasswordField(label=_("Present password"), autocomplete="current-password")

    def __init__(self, *args: Any, username: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.username = username

    def whose(self) -> str:
        """The signed-in reader."""
        return self.username


class RecoverForm(NewPasswordForm):
    """A lost password: the recovery key in its place, and a new one."""

    field_order = ("username", "recovery_key", "password", "password_again")

    username = UsernameField()
    recovery_key = forms.CharField(
        label=_("Recovery key"),
        max_length=_KEY_AT_MOST,
        help_text=_("Nine groups of four. Capitals, spaces and hyphens do not matter."),
        widget=forms.Textarea(
            attrs={"rows": 2, "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def clean_recovery_key(self) -> str:
        """A typing error is found by the checksum, before anything is tried or counted."""
        text = str(self.cleaned_data["recovery_key"])
        try:
            read_recovery_key(text)
        except Misread:
            raise ValidationError(
                gettext(
                    "There is a typing error in this key: its checksum does not fit. Nothing was tried and "
                    "nothing counted. Compare it group by group."
                )
            ) from None
        return text


class RenewedKeyForm(RecoveryKeyForm):
    """Two groups of a recovery key that is to hold from now on, and the password."""

    field_order = ("first", "second", "password")

    password = PasswordField(label=_("Your present password"), autocomplete="current-password")
