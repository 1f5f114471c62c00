"""The forms of a mail account: where its mail is, what of it is wanted, and where it is sent through."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import errortexts
from accounts import mailboxfields as fields
from accounts.autoconfig import Found
from accounts.mailboxes import Details, Outgoing
from accounts.models import MailAccount
from accounts.networks import IMAP_PORTS, SMTP_PORTS, AllowedNetwork
from accounts.servers import sends_by_token

INTERVALS = (
    (60, _("every minute")),
    (300, _("every 5 minutes")),
    (900, _("every 15 minutes")),
    (3600, _("every hour")),
    (21600, _("every 6 hours")),
    (86400, _("once a day")),
)
KEEP, DELETE = "keep", "delete"
_HERE = (
    (
        KEEP,
        _("Keep it. What is at the new place too is known again, with all that was done to it here."),
    ),
    (DELETE, _("Delete it here first. Nothing is changed on any server.")),
)


class AddressForm(forms.Form):
    """The first step: the mail address, by which the rest is looked for."""

    address = fields.text(_("Mail address"), most=254)

    def clean_address(self) -> str:
        """Something before an @ and something behind it, in one line."""
        address = fields.one_line(str(self.cleaned_data["address"]).strip())
        local, _at, domain = address.rpartition("@")
        if not local or not domain or any(letter.isspace() for letter in address):
            raise ValidationError(gettext("This is no whole mail address."))
        return address


class MailAccountForm(forms.Form):
    """Where a mailbox is. `stored` is what is known of it, None for a new one.

    `folders` are the names of its folders where they are known, `mails` how many of its mails are here.
    """

    address = fields.text(_("Mail address"), most=254)
    name = fields.text(
        _("Name here"), most=100, required=False, help_text=_("What this account is called in lists.")
    )
    host = fields.text(_("Server"), most=253, help_text=_("The IMAP server, such as imap.example.org"))
    port = fields.port(_("Port"), fields.IMAP)
    security = fields.security(_("Encryption"), "port", fields.IMAP)
    username = fields.text(_("User name"), most=320, help_text=_("At most providers the mail address."))
    password = fields.password(
        _("Password"), _("Many providers want an app password here, made in their settings.")
    )
    mail_here = forms.ChoiceField(
        label=_("Mail that is already here"), choices=_HERE, required=False, widget=forms.RadioSelect
    )

    smtp_host = fields.text(
        _("Server for sending"),
        most=253,
        required=False,
        help_text=_("The SMTP server, such as smtp.example.org"),
    )
    smtp_port = fields.port(_("Port for sending"), fields.SMTP, required=False)
    smtp_security = fields.security(_("Encryption for sending"), "smtp_port", fields.SMTP, required=False)
    smtp_username = fields.text(
        _("User name for sending"), most=320, required=False, help_text=_("Empty: the same as above.")
    )
    smtp_own = forms.BooleanField(label=_("Sending has a password of its own"), required=False)
    smtp_password = fields.password(_("Password for sending"))

    sync_every = forms.TypedChoiceField(label=_("Look for mail"), choices=INTERVALS, coerce=int, initial=300)
    since = forms.DateField(
        label=_("Only mail since"),
        required=False,
        help_text=_("Mail that came to the mailbox earlier is left at the provider."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
    )
    drop_left_out = forms.BooleanField(
        label=_("Remove their mail here"),
        required=False,
        help_text=_(
            "Of folders that are left out from now on. Else it stays as it is and is not kept up to date. "
            "Nothing is changed on the server."
        ),
    )

    def __init__(
        self,
        *args: Any,
        stored: Details | None = None,
        allowed: Sequence[AllowedNetwork] = (),
        folders: Sequence[str] = (),
        mails: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.stored, self.allowed, self.mails = stored, allowed, mails
        self.fields["left_out"] = fields.left_out(
            sorted({*folders, *(stored.left_out if stored and folders else ())})
        )
        self._offer_securities()
        if stored is None:
            self.fields["password"].required = True

    def _offer_securities(self) -> None:
        for name, ports in (("security", fields.IMAP), ("smtp_security", fields.SMTP)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            keeps_none = self.stored is not None and _security_of(self.stored, name) == "none"
            field.choices = fields.securities(ports, with_none=bool(self.allowed) or keeps_none)

    @property
    def asks_mail(self) -> bool:
        """Whether the question about mail that is here belongs on the page."""
        return "mail_here" in self.errors or bool(self.data.get("mail_here"))

    @property
    def folders_known(self) -> bool:
        """Whether there are boxes to tick, rather than names to type."""
        return isinstance(self.fields["left_out"], forms.MultipleChoiceField)

    @property
    def opens_sending(self) -> bool:
        """Whether the part for sending holds something to see."""
        return bool(self["smtp_host"].value()) or any(name.startswith("smtp_") for name in self.errors)

    def clean_host(self) -> str:
        """A name that DNS can know."""
        return fields.host_name(self.cleaned_data["host"])

    def clean_smtp_host(self) -> str:
        """The same, or nothing."""
        host = self.cleaned_data["smtp_host"]
        return fields.host_name(host) if host else ""

    def clean_port(self) -> int:
        """A port for mail, or one that the operator lists."""
        port = int(self.cleaned_data["port"])
        if not fields.may_be(port, IMAP_PORTS, self.allowed):
            raise ValidationError(errortexts.text_of("port-refused"))
        return port

    def clean_smtp_port(self) -> int | None:
        """The same for sending."""
        port: int | None = self.cleaned_data["smtp_port"]
        if port is not None and not fields.may_be(port, SMTP_PORTS, self.allowed):
            raise ValidationError(errortexts.smtp_text_of("port-refused"))
        return port

    def clean_username(self) -> str:
        """One line."""
        return fields.one_line(self.cleaned_data["username"])

    def clean_smtp_username(self) -> str:
        """One line."""
        return fields.one_line(self.cleaned_data["smtp_username"])

    def clean_password(self) -> str:
        """One line."""
        return fields.one_line(self.cleaned_data["password"])

    def clean_smtp_password(self) -> str:
        """One line."""
        return fields.one_line(self.cleaned_data["smtp_password"])

    def clean_left_out(self) -> tuple[str, ...]:
        """Names of folders; never the inbox."""
        return fields.folder_names(self.cleaned_data["left_out"])

    def clean_since(self) -> Any:
        """No day to come: nothing would ever be fetched."""
        since = self.cleaned_data["since"]
        if since and since > timezone.localdate():
            raise ValidationError(gettext("This day is still to come."))
        return since

    def clean(self) -> dict[str, Any]:
        """A stored password goes to the server that it was given for, and to no other."""
        values = super().clean() or self.cleaned_data
        self._match("port", "security", fields.IMAP)
        self._match("smtp_port", "smtp_security", fields.SMTP)
        for need in (self._need_password, self._need_password_for_sending, self._need_word):
            if not self.errors:
                need()
        return values

    def _match(self, port: str, security: str, ports: tuple[int, int]) -> None:
        chosen, number = self.cleaned_data.get(security), self.cleaned_data.get(port)
        if not chosen or not number or any(number == entry.port for entry in self.allowed):
            return
        if wrong := fields.mismatch(number, chosen, ports):
            self.add_error(port, wrong)

    def _need_password(self) -> None:
        if self.stored is None or self.cleaned_data["password"]:
            return
        if self.details().place != self.stored.place:
            words = gettext("Server or user name have changed: enter the password again.")
        elif self.stored.has_password or self.stored.auth != MailAccount.Auth.PASSWORD:
            return
        else:
            words = gettext("No password is stored. Enter it again.")
        self.add_error("password", words)

    def _need_password_for_sending(self) -> None:
        details = self.details()
        smtp, stored = details.smtp, self.stored
        if smtp is None or smtp.password or self._stays(details):
            return
        if smtp.own_password:
            self.add_error("smtp_password", gettext("Enter the password for sending."))
        elif stored and stored.auth != MailAccount.Auth.PASSWORD and not details.password:
            self._need_providers_own(details)
        elif stored and not details.password:
            words = gettext("The server for sending has changed: enter the password again.")
            self.add_error("password", words)

    def _stays(self, details: Details) -> bool:
        """Whether sending goes where its stored password was given for."""
        known = self.stored.smtp if self.stored else None
        return known is not None and known.has_password and details.smtp_place == self.stored.smtp_place  # type: ignore[union-attr]

    def _need_providers_own(self, details: Details) -> None:
        """A token for one provider's mail goes to that provider's servers."""
        if not sends_by_token(details):
            words = gettext("The sign-in at the provider is of no use there. Enter a password for sending.")
            self.add_error("smtp_own", words)

    def _need_word(self) -> None:
        stored = self.stored
        if stored is None or not self.mails or self.cleaned_data["mail_here"]:
            return
        if self.details().place != stored.place:
            words = ngettext(
                "Server or user name have changed. What is to become of the {n} mail that is here?",
                "Server or user name have changed. What is to become of the {n} mails that are here?",
                self.mails,
            )
            self.add_error("mail_here", words.format(n=number_format(self.mails, force_grouping=True)))

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
            auth=self.stored.auth if self.stored else MailAccount.Auth.PASSWORD,
            smtp=self._outgoing(),
            since=values["since"],
            left_out=values["left_out"],
        )

    def _outgoing(self) -> Outgoing | None:
        values = self.cleaned_data
        if not values["smtp_host"]:
            return None
        security = values["smtp_security"] or fields.TLS
        default = fields.SMTP[security == fields.STARTTLS]
        return Outgoing(
            host=values["smtp_host"],
            port=values["smtp_port"] or default,
            security=security,
            username=values["smtp_username"],
            own_password=values["smtp_own"],
            password=values["smtp_password"] if values["smtp_own"] else "",
        )


def initial_of(details: Details, *, folders_known: bool) -> dict[str, Any]:
    """What is stored, as the form shows it."""
    smtp = details.smtp or Outgoing("", fields.SMTP[0], fields.TLS)
    return {
        "name": details.name,
        "address": details.address,
        "host": details.host,
        "port": details.port,
        "security": details.security,
        "username": details.username,
        "sync_every": details.sync_every,
        "since": details.since,
        "left_out": list(details.left_out) if folders_known else "\n".join(details.left_out),
        "smtp_host": smtp.host,
        "smtp_port": smtp.port,
        "smtp_security": smtp.security,
        "smtp_username": smtp.username,
        "smtp_own": smtp.own_password,
    }


def initial_found(found: Found, address: str) -> dict[str, Any]:
    """What was found for an address, as the form shows it."""
    values: dict[str, Any] = {"address": address, "username": address}
    if imap := found.imap:
        values |= {"host": imap.host, "port": imap.port, "security": imap.security, "username": imap.username}
    if smtp := found.smtp:
        values |= {"smtp_host": smtp.host, "smtp_port": smtp.port, "smtp_security": smtp.security}
        values["smtp_username"] = "" if smtp.username == values["username"] else smtp.username
    return values


def _security_of(details: Details, name: str) -> str:
    if name == "security":
        return details.security
    return details.smtp.security if details.smtp else ""
