"""The IMAP server: reached, entered, and asked what it has. Nothing is changed there."""

import re
import time
from collections.abc import Sequence

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import errortexts
from accounts.connections import Client, ConnectionFailed, Server, close, greet_and_enter, open_imap
from accounts.networks import IMAP_PORTS, AllowedNetwork
from accounts.wire import WireError
from mail.doctor import abilities, reaching
from mail.doctor.report import Section, quoted
from mail.foldernames import name_of
from mail.imap.errors import SyncError
from mail.imap.folders import ListedFolder
from mail.imap.session import Session

_WANTED = ("sent", "drafts", "junk", "trash", "archive")
_ROUNDS = 3
_NEARLY_FULL = 0.9
_STORAGE = re.compile(rb"\bSTORAGE (\d{1,15}) (\d{1,15})\b", re.IGNORECASE)  # RFC 9208 §5.1


def examine(server: Server, allowed: Sequence[AllowedNetwork], provider: str = "") -> list[Section]:
    """What is found, in sections; the last one tells where it ends early."""
    way = Section(_("The way to the server"))
    try:
        reached = reaching.reach(way, server, allowed, IMAP_PORTS)
        began = time.monotonic()
        client = greet_and_enter(reached.sock, server, reached.name, reaching.LIMITS)
    except ConnectionFailed as failed:
        way.add(_("Outcome"), "bad", errortexts.text_of(failed.code, provider))
        return [way]
    if server.security != "tls":
        reaching.add_tls(way, client.wire.sock)
    reaching.add_time(way, _("Sign-in"), began, _("Signed in in {ms} ms."))
    greeting = quoted(client.wire.welcome.partition(b" ")[2].partition(b" ")[2])
    introduced = _("The server introduces itself.") if greeting else _("The server says nothing of itself.")
    way.add(_("Greeting"), "note", introduced, "", greeting)
    try:
        return [way, *_look_inside(client, server, allowed)]
    finally:
        close(client)


def _look_inside(client: Client, server: Server, allowed: Sequence[AllowedNetwork]) -> list[Section]:
    can, has = Section(_("What it can do")), Section(_("What it has"))
    limits = Section(_("Limits"))
    abilities.add_imap(can, client.offered)
    try:
        session = Session(client)
        began = time.monotonic()
        _add_folders(has, session.list_folders())
        reaching.add_time(limits, _("List of folders"), began, _("Answered in {ms} ms."))
        _add_quota(has, client)
        _add_speed(limits, client)
    except SyncError as failed:
        limits.add(_("Broken off"), "bad", errortexts.text_of(failed.code))
    else:
        _add_second(limits, server, allowed)
    return [can, has, limits]


def _add_folders(section: Section, folders: Sequence[ListedFolder]) -> None:
    n = sum(folder.selectable for folder in folders)
    words = ngettext("{n} folder can be opened.", "{n} folders can be opened.", n)
    section.add(_("Folders"), "ok" if n else "bad", words.format(n=number_format(n, force_grouping=True)))
    roles = {folder.role: folder.name for folder in folders if folder.selectable}
    if "inbox" not in roles:
        section.add(name_of("inbox", ""), "bad", errortexts.text_of("inbox-missing"))
    for role in _WANTED:
        if role in roles:
            section.add(name_of(role, ""), "ok", _("Found."), "", quoted(roles[role].encode()))
        else:
            section.add(
                name_of(role, ""), "note", _("Not found."),
                _("Where the provider has one under another name, its mail counts as any other folder's."),
            )  # fmt: skip


def _add_quota(section: Section, client: Client) -> None:
    """How full the mailbox is (RFC 9208); in units of 1024 bytes."""
    if "QUOTA" not in client.offered:
        section.add(_("Room"), "note", _("The server does not say how full the mailbox is."))
        return
    answer = _ask(client, b"GETQUOTAROOT", b"INBOX")
    lines = [pieces[0] for pieces in answer if pieces[0][:8].upper() == b"* QUOTA "]
    found = next((storage for line in lines if (storage := _STORAGE.search(line))), None)
    if found is None or not int(found[2]):
        section.add(_("Room"), "note", _("The server sets no limit for the mailbox, or does not tell it."))
        return
    used, most = int(found[1]), int(found[2])
    words = _("{used} MB of {most} MB are used.").format(used=_megabytes(used), most=_megabytes(most))
    if used < _NEARLY_FULL * most:
        section.add(_("Room"), "ok", words)
    else:
        advice = _("The mailbox is nearly full: soon no mail can come in. Make room at the provider.")
        section.add(_("Room"), "warn", words, advice)


def _megabytes(kilobytes: int) -> str:
    return str(number_format(kilobytes // 1024, force_grouping=True))


def _add_speed(section: Section, client: Client) -> None:
    began = time.monotonic()
    for _round in range(_ROUNDS):
        _ask(client, b"NOOP")
    middle = time.monotonic() - (time.monotonic() - began) / _ROUNDS
    reaching.add_time(section, _("Answers"), middle, _("A short question is answered in {ms} ms."))


def _add_second(section: Section, server: Server, allowed: Sequence[AllowedNetwork]) -> None:
    """Phones and other programs hold connections too: is there room for one more beside this?"""
    try:
        close(open_imap(server, allowed=allowed, limits=reaching.LIMITS))
    except ConnectionFailed as failed:
        section.add(
            _("Second connection"), "warn", errortexts.text_of(failed.code),
            _("One is enough here. Where syncs fail now and then, close mail programs on other devices."),
        )  # fmt: skip
    else:
        section.add(_("Second connection"), "ok", _("The server takes more than one at a time."))


def _ask(client: Client, *command: bytes) -> list[list[bytes]]:
    """The untagged responses; none where the server refuses. Raises SyncError where it is gone."""
    try:
        return client.ask(*command).responses
    except WireError as error:
        raise SyncError("connection-lost" if error.code == "server-closed" else error.code) from None
