"""The forms of the second factors."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.confirming import ConfirmForm
from accounts.forms import CodeForm
from accounts.passkeys import CREDENTIAL_AT_MOST


class PairForm(CodeForm, ConfirmForm):
    """A code of the app that is being paired, and the password."""

    field_order = ("code", "password")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        del self.fields["code"].widget.attrs["autofocus"]  # the picture above it comes first


class PasskeyNameForm(forms.Form):
    """What the reader calls a passkey."""

    label = forms.CharField(
        label=_("Name"),
        max_length=64,
        help_text=_("By which you know it again: this laptop, the key on the key ring."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class NewPasskeyForm(PasskeyNameForm, ConfirmForm):
    """Its name, and the password."""

    field_order = ("label", "password")


class CredentialForm(forms.Form):
    """What the browser made of a passkey: JSON, written by static/js/passkeys.js."""

    credential = forms.CharField(max_length=CREDENTIAL_AT_MOST, widget=forms.HiddenInput())
