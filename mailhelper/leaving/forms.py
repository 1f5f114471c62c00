"""What is asked before everything is deleted."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.confirming import ConfirmForm


class DeleteForm(ConfirmForm):
    """The user name, typed, and the present password."""

    field_order = ("username", "password")

    username = forms.CharField(
        label=_("Your user name"),
        max_length=64,
        help_text=_("Type it, so that this does not happen by mistake."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, username: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._username = username

    def clean_username(self) -> str:
        """Whose account it is."""
        typed = str(self.cleaned_data["username"])
        if typed.casefold() != self._username.casefold():
            raise ValidationError(gettext("This is not your user name. Nothing was changed."))
        return typed
