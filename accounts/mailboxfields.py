"""Fields of the forms of a mail account, and the rules that hold for one value."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import MailAccount
from accounts.networks import AllowedNetwork, NetworkRefused, ascii_host

TLS, STARTTLS = MailAccount.Security.TLS.value, MailAccount.Security.STARTTLS.value
IMAP, SMTP = (993, 143), (465, 587)  # the ports for TLS and for STARTTLS
MOST_NAMES, LONGEST_NAME = 500, 500

_ATTRIBUTES = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def text(label: Any, *, most: int, **options: Any) -> forms.CharField:
    """A line that no browser completes or corrects."""
    return forms.CharField(label=label, max_length=most, widget=forms.TextInput(attrs=_ATTRIBUTES), **options)


def password(label: Any, help_text: Any = "") -> forms.CharField:
    """A password for a mail server; empty means the stored one."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(
        label=label, max_length=1024, strip=False, required=False, widget=widget, help_text=help_text
    )


def port(label: Any, ports: tuple[int, int], **options: Any) -> forms.IntegerField:
    """A port; what it may be is the form's business."""
    return forms.IntegerField(label=label, min_value=1, max_value=65535, initial=ports[0], **options)


def security(label: Any, of: str, ports: tuple[int, int], **options: Any) -> forms.ChoiceField:
    """How to encrypt. A script moves the field `of` along, where it held the other one's port."""
    attributes = {"data-port-field": of, "data-tls": str(ports[0]), "data-starttls": str(ports[1])}
    return forms.ChoiceField(label=label, initial=TLS, widget=forms.Select(attrs=attributes), **options)


def securities(ports: tuple[int, int], *, with_none: bool) -> list[tuple[str, Any]]:
    """The choices of such a field."""
    names = [(TLS, _("TLS (port {port})"), ports[0]), (STARTTLS, _("STARTTLS (port {port})"), ports[1])]
    choices: list[tuple[str, Any]] = [(key, str(name).format(port=number)) for key, name, number in names]
    return [*choices, ("none", _("none"))] if with_none else choices


def left_out(names: Sequence[str]) -> forms.Field:
    """Boxes for the folders that are known, lines for names where none are."""
    label = _("Folders to leave out")
    if names:
        choices = [(name, name) for name in names]
        return forms.MultipleChoiceField(
            label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple
        )
    hint = _("One name a line, as the mail server spells it, such as Lists/Announcements.")
    area = forms.Textarea(attrs={**_ATTRIBUTES, "rows": "3"})
    most = MOST_NAMES * LONGEST_NAME
    return forms.CharField(label=label, required=False, max_length=most, widget=area, help_text=hint)


def one_line(value: str) -> str:
    """Raises ValidationError."""
    if any(letter in value for letter in "\r\n"):
        raise ValidationError(gettext("This must be one line."))
    return value


def host_name(value: str) -> str:
    """A name that DNS can know. Raises ValidationError."""
    host = value.strip().rstrip(".")
    try:
        ascii_host(host)
    except NetworkRefused:
        raise ValidationError(gettext("This is no name of a server.")) from None
    return host


def folder_names(value: str | list[str]) -> tuple[str, ...]:
    """Names of folders, each once. Raises ValidationError."""
    lines = value.splitlines() if isinstance(value, str) else value
    names = tuple(dict.fromkeys(name for line in lines if (name := line.strip())))
    if any(name.upper() == "INBOX" for name in names):
        raise ValidationError(gettext("The inbox cannot be left out."))
    if len(names) > MOST_NAMES or any(len(name) > LONGEST_NAME for name in names):
        raise ValidationError(gettext("These are more or longer names than a mailbox has."))
    return names


def may_be(port: int, ports: frozenset[int], allowed: Sequence[AllowedNetwork]) -> bool:
    """Whether a port is one of the protocol's, or one that the operator lists."""
    return port in ports or any(port == entry.port for entry in allowed)


def mismatch(port: int, chosen: str, ports: tuple[int, int]) -> str:
    """What is wrong with a port and an encryption that never go together; "" where they do."""
    tls, starttls = ports
    if port == tls and chosen != TLS:
        words = gettext("Port {port} is for TLS. Choose TLS, or port {other} for STARTTLS.")
        return words.format(port=tls, other=starttls)
    if port == starttls and chosen == TLS:
        words = gettext("Port {port} is for STARTTLS. Choose STARTTLS, or port {other} for TLS.")
        return words.format(port=starttls, other=tls)
    return ""
