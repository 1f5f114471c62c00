"""Rules of what readers type. Forms save nothing; they are given what they must compare with."""

import unicodedata
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, User
from accounts.signup import RecoveryKey

PASSWORD_AT_MOST = 4096
USERNAME_AT_MOST = 64


class PasswordField(forms.CharField):
    """Any characters, none stripped. One keyboard composes ü where another does not: both mean the same
    password (Unicode NFKC, as NIST SP 800-63B §5.1.1.2 asks)."""

    def __init__(self, *, autocomplete: str, **options: Any) -> None:
        attributes = {"autocomplete": autocomplete}
        options.setdefault("max_length", PASSWORD_AT_MOST)
        super().__init__(strip=False, widget=forms.PasswordInput(attrs=attributes), **options)

    def to_python(self, value: Any) -> str:
        """The normal form. Of what is too long it is never made: a megabyte of accents would take minutes."""
        text = str(super().to_python(value) or "")
        return text if len(text) > PASSWORD_AT_MOST else unicodedata.normalize("NFKC", text)


class UsernameField(forms.CharField):
    """Of characters that look the same to everybody one form is kept (Unicode NFKC)."""

    def __init__(self, **options: Any) -> None:
        attributes = {
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
            "autofocus": True,
        }
        widget = forms.TextInput(attrs=attributes)
        super().__init__(label=_("User name"), max_length=USERNAME_AT_MOST, widget=widget, **options)

    def to_python(self, value: Any) -> str:
        """The normal form; of what is too long it is never made."""
        text = str(super().to_python(value) or "")
        return text if len(text) > USERNAME_AT_MOST else unicodedata.normalize("NFKC", text)


class SignInForm(forms.Form):
    """The first factor."""

    username = UsernameField()
    password = PasswordField(label=_("Password"), autocomplete="current-password")


class CodeForm(forms.Form):
    """The second factor: six digits, or a backup code where those are taken."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )

    def clean_code(self) -> str:
        """Without the spaces and hyphens that make it easier to read."""
        return "".join(str(self.cleaned_data["code"]).replace("-", "").split())


class UnlockForm(forms.Form):
    """The password alone."""

    password = PasswordField(label=_("Password"), autocomplete="current-password")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["password"].widget.attrs["autofocus"] = True


class NewPasswordForm(forms.Form):
    """A password that is chosen: twice, and not one that others have."""

    password = PasswordField(
        label=_("New password"),
        help_text=_("15 characters or more, of any kind."),
        autocomplete="new-password",
    )
    password_again = PasswordField(label=_("New password again"), autocomplete="new-password")

    def clean(self) -> dict[str, Any]:
        """The password twice, and not one that others have."""
        values = super().clean() or self.cleaned_data
        password = values.get("password")
        if password is None:  # what is wrong with the first is not told of the second again
            self.errors.pop("password_again", None)
            return values
        if "password_again" in values and values["password_again"] != password:
            self.add_error("password_again", gettext("The two passwords are not the same."))
        try:
            validate_password(password, User(username=self.whose()))
        except ValidationError as problems:
            self.add_error("password", problems)
        return values

    def whose(self) -> str:
        """The user name that the password may not be like."""
        return str(self.cleaned_data.get("username", ""))


class SignUpForm(NewPasswordForm):
    """The first step of sign-up."""

    field_order = ("username", "password", "password_again")

    username = UsernameField(
        help_text=_("Two to 64 letters, digits or any of . _ @ + -"),
        validators=User._meta.get_field("username").validators,
    )
    time_zone = forms.CharField(
        required=False, max_length=64, widget=forms.HiddenInput(attrs={"data-time-zone": True})
    )

    def __init__(self, *args: Any, invitation: Invitation, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["password"].label = _("Password")
        self.fields["password_again"].label = _("Password again")
        self.invitation = invitation

    def clean_username(self) -> str:
        """Free, or of an unfinished try with this same invitation."""
        name = str(self.cleaned_data["username"])
        others = User.objects.filter(username__iexact=name)
        if others.exclude(invitations=self.invitation, is_active=False).exists():
            raise ValidationError(gettext("This user name is taken."))
        return name


class RecoveryKeyForm(forms.Form):
    """Two groups of the recovery key, typed from the reader's own copy."""

    first = forms.CharField(max_length=12)
    second = forms.CharField(max_length=12)

    def __init__(self, *args: Any, key: RecoveryKey, **options: Any) -> None:
        super().__init__(*args, **options)
        self.key = key
        for name, at in zip(("first", "second"), key.asked, strict=True):
            field = self.fields[name]
            field.label = gettext("Group {n}").format(n=at + 1)
            field.widget.attrs.update(
                {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
            )

    def clean(self) -> dict[str, Any]:
        """Both are the key's."""
        values = super().clean() or self.cleaned_data
        typed = {
            at: values.get(name, "") for name, at in zip(("first", "second"), self.key.asked, strict=True)
        }
        if not self.errors and not self.key.matches(typed):
            raise ValidationError(
                gettext("These are not the two groups of the key above. Look at the copy again.")
            )
        return values
