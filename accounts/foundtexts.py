"""What was found for a mail address, in words."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.autoconfig import Found

_SOURCES: dict[str, Promise] = {
    "preset": _("The servers are from {name}'s settings."),
    "hosted": _("{name} takes in the mail of {domain}. The servers are from {name}'s settings."),
    "dns": _("The servers are from DNS, where {domain} names them."),
    "file": _("The servers are from the settings file of {domain}."),
    "none": _("Nothing was found for {domain}. Ask your provider for the names of its servers."),
}


@dataclass(frozen=True, slots=True)
class FoundText:
    """See templates/accounts/account_form.html."""

    ok: bool
    source: str
    needs: str
    warning: str


def of(found: Found) -> FoundText:
    """The words for what was found."""
    preset = found.preset
    name = preset.name if preset else ""
    return FoundText(
        ok=found.source != "none",
        source=str(_SOURCES[found.source]).format(name=name, domain=found.domain),
        needs=str(preset.needs) if preset else "",
        warning=_warning(found),
    )


def _warning(found: Found) -> str:
    """DNS and files may be anybody's word: whoever means well names servers below the domain, mostly."""
    if not found.foreign or found.preset or found.imap is None:
        return ""
    words = gettext(
        "{host} does not belong to {domain}. Check that it is your provider's before the password goes there."
    )
    return words.format(host=found.imap.host, domain=found.domain)
