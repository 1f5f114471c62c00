"""What servers can do, in plain words: the names of capabilities and what each gives the reader."""

from collections.abc import Collection

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mail.doctor.report import Section

# Names, what one of them gives, what it costs where none is offered ("" = nothing worth a word).
_IMAP: tuple[tuple[tuple[str, ...], Promise, Promise | str], ...] = (
    (
        ("CONDSTORE", "QRESYNC"),
        _("Changes of flags are told by number: a look at an unchanged folder is one question."),
        _("Flags are compared mail by mail: large folders take longer."),
    ),
    (("QRESYNC",), _("Deleted mail is told at once when a folder is opened."), ""),
    (("ESEARCH",), _("Lists of mails come short, with their number."), ""),
    (
        ("SPECIAL-USE", "XLIST"),
        _("The server says which folders are for sent mail, drafts, junk and trash."),
        _("Which folder is for sent mail, drafts, junk or trash is guessed from its name."),
    ),
    (("MOVE",), _("Mail is moved in one step."), _("Mail is moved by copying and deleting.")),
    (("UIDPLUS",), _("A copied or stored mail is found again at once, and single mails can be deleted."), ""),
    (("IDLE",), _("The server can tell of new mail at once. Mail is asked for at intervals here."), ""),
    (("LITERAL+", "LITERAL-"), _("Long commands need no question before."), ""),
    (("COMPRESS=DEFLATE",), _("Data can be compressed on the way. It is not used here."), ""),
    (("QUOTA",), _("The server tells how full the mailbox is."), ""),
    (("UTF8=ACCEPT",), _("Folder names and addresses may have any letters."), ""),
    (("ID",), _("The server may know the name of the program: it is told “Mail Helper”, nothing else."), ""),
)
_SMTP: tuple[tuple[str, Promise], ...] = (
    ("8BITMIME", _("Umlauts and other letters go through as they are.")),
    ("SMTPUTF8", _("Mail addresses may have any letters.")),
    ("PIPELINING", _("Several commands go at once: sending is quicker.")),
    ("CHUNKING", _("Large mails go in pieces.")),
    ("DSN", _("A note about delivery can be asked for.")),
    ("ENHANCEDSTATUSCODES", _("Refusals say more exactly why.")),
)


def add_imap(section: Section, offered: Collection[str]) -> None:
    """One line for each that matters here."""
    for names, gives, costs in _IMAP:
        have = [name for name in names if name in offered]
        if have:
            section.add(" · ".join(have), "ok", str(gives))
        elif costs:
            section.add(names[0], "note", str(costs))


def add_smtp(section: Section, offered: Collection[str]) -> None:
    """The same for sending."""
    for name, gives in _SMTP:
        if name in offered:
            section.add(name, "ok", str(gives))
