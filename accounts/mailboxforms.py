"""The form of a mail account."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import errortexts
from accounts.mailboxes import Details
from accounts.models import MailAccount
from accounts.networks import IMAP_PORTS, AllowedNetwork, NetworkRefused, ascii_host

INTERVALS = (
    (60, _("every minute")),
    (300, _("every 5 minutes")),
    (900, _("every 15 minutes")),
    (3600, _("every hour")),
    (21600, _("every 6 hours")),
    (86400, _("once a day")),
)
_PLAIN_ATTRIBUTES = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def _text(label: Any, *, most: int, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, widget=forms.TextInput(attrs=_PLAIN_ATTRIBUTES), **options
    )


class MailAccountForm(forms.Form):
    """Where a mailbox is. `stored` is what is known of it, None for a new one."""

    address = _text(_("Mail address"), most=254)
    name = _text(
        _("Name here"), most=100, required=False, help_text=_("What this account is called in lists.")
    )
    host = _text(_("Server"), most=253, help_text=_("The IMAP server, such as imap.example.org"))
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=993)
    security = forms.ChoiceField(label=_("Encryption"), initial=MailAccount.Security.TLS)
    username = _text(_("User name"), most=320, help_text=_("At most providers the mail address."))
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        required=False,
        help_text=_("Many providers want an app password here, made in their settings."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    sync_every = forms.TypedChoiceField(label=_("Look for mail"), choices=INTERVALS, coerce=int, initial=300)

    def __init__(
        self,
        *args: Any,
        stored: Details | None = None,
        allowed: Sequence[AllowedNetwork] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.stored, self.allowed = stored, allowed
        keeps_none = stored is not None and stored.security == MailAccount.Security.NONE
        security = self.fields["security"]
        assert isinstance(security, forms.ChoiceField)
        security.choices = _securities(bool(allowed) or keeps_none)
        if stored is None:
            self.fields["password"].required = True

    def clean_host(self) -> str:
        """A name that DNS can know."""
        host = str(self.cleaned_data["host"]).strip().rstrip(".")
        try:
            ascii_host(host)
        except NetworkRefused:
            raise ValidationError(gettext("This is no name of a server.")) from None
        return host

    def clean_port(self) -> int:
        """A mail port, or one that the operator lists."""
        port = int(self.cleaned_data["port"])
        if port not in IMAP_PORTS and all(port != entry.port for entry in self.allowed):
            raise ValidationError(errortexts.text_of("port-refused"))
        return port

    def clean_username(self) -> str:
        """One line."""
        return _one_line(self.cleaned_data["username"])

    def clean_password(self) -> str:
        """One line."""
        return _one_line(self.cleaned_data["password"])

    def clean(self) -> dict[str, Any]:
        """A stored password goes to the server that it was given for, and to no other."""
        values = super().clean() or self.cleaned_data
        if self.stored and not self.errors and not values.get("password"):
            if not self.stored.has_password:
                self.add_error("password", gettext("No password is stored. Enter it again."))
            elif self.details().place != self.stored.place:
                self.add_error(
                    "password", gettext("Server or user name have changed: enter the password again.")
                )
        return values

    def details(self) -> Details:
        """What was typed. An empty password means the stored one."""
        values = self.cleaned_data
        return Details(
            name=values["name"] or values["address"],
            address=values["address"],
            host=values["host"],
            port=values["port"],
            security=values["security"],
            username=values["username"],
            password=values["password"],
            sync_every=values["sync_every"],
        )


def _securities(with_none: bool) -> list[tuple[str, Any]]:
    choices: list[tuple[str, Any]] = [
        ("tls", _("TLS (port 993)")),
        ("starttls", _("STARTTLS (port 143)")),
    ]
    return [*choices, ("none", _("none"))] if with_none else choices


def _one_line(value: str) -> str:
    if any(letter in value for letter in "\r\n"):
        raise ValidationError(gettext("This must be one line."))
    return value
