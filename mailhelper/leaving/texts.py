"""What is said about leaving: the archive's README, and why an import stopped."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mailhelper.leaving.importing import Counts

ERRORS: dict[str, Promise] = {
    "no-file": _("No file was chosen. Nothing was changed. Choose the archive that an export gave you."),
    "no-archive": _(
        "This file is no export of Mail Helper. Choose the .zip file as it was downloaded, not unpacked."
    ),
    "damaged": _("The archive is damaged. What was read before that is here. Try with another copy of it."),
    "bomb": _(
        "The archive unpacks to far more than mail would. Reading was stopped. What came before is here."
    ),
    "cut": _("The archive ends too early. What was read of it is here. Export again, or send it once more."),
    "locked": _(
        "The vault was locked, or another import began. What was read until then is here. Bring the archive "
        "in again: nothing is doubled."
    ),
    "busy": _("Another import is under way. Nothing was changed. Try again when it is finished."),
}


def readme() -> str:
    """In the reader's language."""
    parts = (
        _("This is everything that Mail Helper kept for you."),
        _(
            "THIS ARCHIVE IS NOT ENCRYPTED. Whoever has it can read your mail. Keep it where nobody else "
            "gets at it."
        ),
        _(
            "mail/ has a folder for each mail account, and in it a file FOLDER.mbox for each folder: all its "
            "mails, the oldest first, in the mbox format (RFC 4155, quoted as in mboxrd). Thunderbird, Apple "
            "Mail, mutt and many others read it. The bytes of each mail are as the server gave them."
        ),
        _(
            "FOLDER.jsonl beside it has a line of JSON for each mail, in the same order: its number on the "
            "server (uid), flags, urgency and importance (1 to 3), category, spam, when it was done, when it "
            "comes back (snoozed_until), and the numbers of its tags. A line with 'missing' has no mail in "
            "the mbox: its envelope did not open. A line with 'cut' stands for a mail that was too large: "
            "only its head was kept."
        ),
        _(
            "data.json has your mail accounts, the true names of folders, tags and rules. Passwords, tokens "
            "and keys are in none of these files. result.json stands at the end and counts the mails: where "
            "it is missing, the archive is not whole."
        ),
        _("Mail Helper brings the archive in again, under Settings: Take along or delete."),
    )
    return "\n\n".join(map(str, parts)) + "\n"


def result(counts: Counts) -> str:
    """What an import brought."""
    parts = [
        ngettext("{n} mail was brought in.", "{n} mails were brought in.", counts.stored).format(
            n=counts.stored
        )
    ]
    if counts.known:
        parts.append(
            ngettext("{n} was here already.", "{n} were here already.", counts.known).format(n=counts.known)
        )
    if counts.too_large:
        parts.append(
            ngettext(
                "{n} is larger than this server keeps, and was left out.",
                "{n} are larger than this server keeps, and were left out.",
                counts.too_large,
            ).format(n=counts.too_large)
        )
    return " ".join(parts)
