"""Folders as a server lists them, read line by line and with tolerance: one odd line spoils no other."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

MAX_NAME = 500

_LIST = re.compile(
    rb'\* X?LIST \((?P<attributes>[^)]*)\) (?P<delimiter>NIL|"(?:[^"\\]|\\.)*")[ ]*(?P<name>.*)\Z',
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"(?=\Z|[ ])', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_EXTENDED = re.compile(rb"[ ]+\(.*\Z", re.DOTALL)  # RFC 5258 §6: data after the name
_SHIFTED = re.compile(r"&([^-]*)-")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# RFC 6154, and the names that Gmail had before it.
_ATTRIBUTES = {
    b"\\inbox": "inbox",
    b"\\sent": "sent",
    b"\\drafts": "drafts",
    b"\\junk": "junk",
    b"\\spam": "junk",
    b"\\trash": "trash",
    b"\\archive": "archive",
    b"\\all": "all",
    b"\\allmail": "all",
    b"\\flagged": "flagged",
    b"\\starred": "flagged",
}
_UNSELECTABLE = frozenset({b"\\noselect", b"\\nonexistent"})

_NAMES = {
    "sent": "sent|sent items|sent messages|sent mail|gesendet|gesendete objekte|gesendete elemente|gesendete "
    "nachrichten|postausgang|envoyés|éléments envoyés|messages envoyés|courrier envoyé|inviata|inviati|"
    "posta inviata|elementi inviati|enviados|elementos enviados|mensajes enviados|itens enviados|"
    "mensagens enviadas",
    "drafts": "drafts|draft|entwürfe|entwurf|brouillons|bozze|borradores|rascunhos",
    "junk": "junk|junk email|junk e-mail|junk mail|spam|spamverdacht|spam-verdacht|bulk mail|unerwünscht|"
    "werbung|indésirables|courrier indésirable|pourriel|posta indesiderata|correo no deseado|"
    "correo basura|lixo eletrônico|lixo electrónico",
    "trash": "trash|deleted|deleted items|deleted messages|bin|papierkorb|gelöscht|gelöschte objekte|"
    "gelöschte elemente|corbeille|éléments supprimés|messages supprimés|cestino|posta eliminata|"
    "elementi eliminati|papelera|elementos eliminados|eliminados|lixeira|lixo|itens excluídos|"
    "itens eliminados",
    "archive": "archive|archives|archiv|archivio|archivo|archivados|arquivo|arquivados|arquivo morto",
}
_ROLE_BY_NAME = {name: role for role, names in _NAMES.items() for name in names.split("|")}
_PARENTS = frozenset({"inbox", "[gmail]", "[google mail]"})  # below these a name counts as at the top


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """`raw_name` is the server's own spelling and the key; `name` is for people.

    `delimiter` is empty where the server has no hierarchy. `role` is inbox, sent, drafts, junk, trash,
    archive, all, flagged or other; from SPECIAL-USE, else from the name.
    """

    raw_name: bytes
    name: str
    delimiter: str
    role: str
    selectable: bool


def parse_list(responses: Iterable[list[bytes]]) -> list[ListedFolder]:
    """The folders of LIST's untagged responses; lines that make no sense are left out."""
    found: dict[bytes, ListedFolder] = {}
    for pieces in responses:
        folder = _parse_line(pieces)
        if folder:
            found.setdefault(folder.raw_name, folder)
    return _with_named_roles(found)


def decode_name(raw: bytes) -> str:
    """Modified UTF-7 (RFC 3501 §5.1.3) or plain UTF-8, fit to show and to store: no controls, no NUL."""
    text = _SHIFTED.sub(_unshift, raw.decode()) if raw.isascii() else raw.decode("utf-8", "replace")
    return _UNSHOWN.sub("\ufffd", text)[:MAX_NAME]


def _unshift(found: re.Match[str]) -> str:
    coded = found[1]
    if not coded:
        return "&"
    try:
        data = base64.b64decode(coded.replace(",", "/") + "=" * (-len(coded) % 4), validate=True)
    except binascii.Error:
        return found[0]
    return data.decode("utf-16-be", "replace")


def _parse_line(pieces: list[bytes]) -> ListedFolder | None:
    found = _LIST.match(pieces[0])
    if not found:
        return None
    raw = pieces[1] if len(pieces) > 1 and not found["name"] else _name(found["name"])
    if not raw or re.search(rb"[\r\n\0]", raw):
        return None
    attributes = found["attributes"].lower().split()
    role = next((_ATTRIBUTES[name] for name in attributes if name in _ATTRIBUTES), "other")
    if raw.upper() == b"INBOX":
        raw, role = b"INBOX", "inbox"
    selectable = not _UNSELECTABLE.intersection(attributes)
    return ListedFolder(raw, decode_name(raw), _delimiter(found["delimiter"]), role, selectable)


def _name(text: bytes) -> bytes:
    if quoted := _QUOTED.match(text):
        return _ESCAPED.sub(rb"\1", quoted[1])
    return _EXTENDED.sub(b"", text)  # an atom; some servers send spaces and quotes in it


def _delimiter(text: bytes) -> str:
    if text.upper() == b"NIL":
        return ""
    return _ESCAPED.sub(rb"\1", text[1:-1]).decode("latin-1")[:1]


def _with_named_roles(found: Mapping[bytes, ListedFolder]) -> list[ListedFolder]:
    """Give roles by name where no attribute gave them; each role to one folder, the first listed."""
    taken = {folder.role for folder in found.values()}
    folders: list[ListedFolder] = []
    for folder in found.values():
        role = _role_by_name(folder) if folder.role == "other" and folder.selectable else folder.role
        if role != folder.role and role not in taken:
            taken.add(role)
            folder = replace(folder, role=role)
        folders.append(folder)
    return folders


def _role_by_name(folder: ListedFolder) -> str:
    name = unicodedata.normalize("NFKC", folder.name).casefold()
    path = name.split(folder.delimiter) if folder.delimiter else [name]
    if len(path) > 1 and path[0] in _PARENTS:
        path = path[1:]
    return _ROLE_BY_NAME.get(path[0].strip(), "other") if len(path) == 1 else "other"
