"""The forms of the second factors."""

from accounts.confirming import ConfirmForm
from accounts.forms import CodeForm


class PairForm(CodeForm, ConfirmForm):
    """A code of the app that is being paired, and the password."""

    field_order = ("code", "password")
