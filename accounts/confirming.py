"""The password once more, before an act that weakens the account or takes something away.

A session that somebody left open must not be enough for it. Failures count like those at sign-in.

In a reader's view the identity's row is locked from then on: no recovery, no other password and no new keys
come between the password and the act. Whoever takes an account back is before it, and the password of the
past is refused; or comes after it, and ends what it began.
"""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import attempts, keyring
from accounts.forms import PasswordField
from accounts.models import Identity, User
from accounts.ownership import acting_as
from accounts.sealing import CannotOpen


class ConfirmForm(forms.Form):
    """The present password."""

    password = PasswordField(label=gettext_lazy("Your present password"), autocomplete="current-password")


def confirmed(request: HttpRequest, form: forms.Form, field: str = "password") -> bool:
    """Whether the form is valid and its field opens the reader's keys; else its errors say why not.

    Nothing is derived while the reader must wait. Raises kdf.Busy.
    """
    assert isinstance(request.user, User)
    if not form.is_valid():
        return False
    wait = attempts.wait_of(request, request.user.username)
    if wait:
        form.add_error(None, attempts.refusal(wait))
        return False
    if _opens(request.user, form.cleaned_data[field]):
        return True
    attempts.failed(request, request.user.username, "confirm")
    form.add_error(field, _("The password is not right. Nothing was changed."))
    return False


def _opens(user: User, password: str) -> bool:
    with acting_as(user):
        identity = Identity.objects.for_user(user).get()
    key = keyring.password_key(identity, password)
    try:
        with acting_as(user):
            keyring.unlock(Identity.objects.for_user(user).select_for_update().get(), key)
    except CannotOpen:
        return False
    return True
