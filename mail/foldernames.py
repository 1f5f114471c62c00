"""What the usual folders are called in the reader's language: servers name them in any."""

from django.utils.translation import gettext_lazy as _

from mail.models import Folder

Role = Folder.Role

_NAMES = {
    Role.INBOX: _("Inbox"),
    Role.DRAFTS: _("Drafts"),
    Role.SENT: _("Sent"),
    Role.JUNK: _("Junk"),
    Role.TRASH: _("Trash"),
    Role.ARCHIVE: _("Archive"),
    Role.ALL: _("All mail"),
    Role.FLAGGED: _("Flagged"),
}


def name_of(role: str, server_name: str) -> str:
    """Our word for a folder's role; the server's name where it has none."""
    return str(_NAMES.get(Role(role), server_name))
