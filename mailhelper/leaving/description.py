"""data.json read back. Whoever wrote it: each value is looked at before it is used. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

T = TypeVar("T")

FORMAT, VERSION = "mail-helper-export", 1
LARGEST = 16_000_000  # bytes

_MOST_ACCOUNTS, _MOST_FOLDERS, _MOST_TAGS, _MOST_RULES = 100, 20_000, 10_000, 10_000
_LINE, _DEFINITION = 1000, 100_000  # characters
_SECURITY = ("tls", "starttls", "none")
_ROLES = ("inbox", "sent", "drafts", "junk", "trash", "archive", "all", "flagged", "other")
_COLOURS = 12


@dataclass(frozen=True, slots=True)
class FolderIn:
    """A folder. `path` is its files' without their endings; `raw` the server's own spelling."""

    path: str
    raw: bytes
    name: str
    delimiter: str
    role: str


@dataclass(frozen=True, slots=True)
class SmtpIn:
    """Where mail is sent through."""

    host: str
    port: int
    security: str
    username: str


@dataclass(frozen=True, slots=True)
class AccountIn:
    """A mail account. Its password is not in an export."""

    number: int
    name: str
    address: str
    host: str
    port: int
    security: str
    username: str
    sync_every: int
    since: date | None
    left_out: tuple[str, ...]
    smtp: SmtpIn | None
    folders: tuple[FolderIn, ...]


@dataclass(frozen=True, slots=True)
class TagIn:
    """A tag."""

    number: int
    name: str
    colour: int


@dataclass(frozen=True, slots=True)
class RuleIn:
    """A rule; `account` is an account's number, None where it holds for all."""

    name: str
    definition: str
    account: int | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class DescriptionIn:
    """What an export has beside the mail. Tags and rules that did not open when it was made are left out."""

    accounts: tuple[AccountIn, ...]
    tags: tuple[TagIn, ...]
    rules: tuple[RuleIn, ...]


def read_description(text: bytes) -> DescriptionIn:
    """Raises ValueError on anything that no export says."""
    try:
        return _description(json.loads(text))
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("no description of an export") from None


def _description(whole: Any) -> DescriptionIn:
    if whole["format"] != FORMAT or whole["version"] != VERSION:
        raise ValueError("another format")
    accounts = _each(whole["accounts"], _MOST_ACCOUNTS, _account)
    tags = [one for one in _each(whole["tags"], _MOST_TAGS, lambda it: it) if one["name"] is not None]
    rules = [one for one in _each(whole["rules"], _MOST_RULES, lambda it: it) if _is_whole(one)]
    paths = [folder.path for account in accounts for folder in account.folders]
    if len(paths) != len(set(paths)) or len(paths) > _MOST_FOLDERS:
        raise ValueError("folders")
    return DescriptionIn(accounts, tuple(map(_tag, tags)), tuple(map(_rule, rules)))


def _account(one: Mapping[str, Any]) -> AccountIn:
    number = _number(one["id"], 1, _MOST_ACCOUNTS)
    folders = _each(one["folders"], _MOST_FOLDERS, _folder)
    if one.get("opens") is False:  # its settings could not be read when the export was made
        text = f"Account {number}"
        return AccountIn(number, text, "", "unknown.invalid", 993, "tls", text, 300, None, (), None, folders)
    return AccountIn(
        number,
        _text(one["name"]),
        _text(one["address"]),
        _text(one["host"]),
        _number(one["port"], 1, 65535),
        _one_of(one["security"], _SECURITY),
        _text(one["username"]),
        _number(one["sync_every"], 60, 7 * 86400),
        date.fromisoformat(_text(one["since"])) if one["since"] else None,
        _each(one["left_out"], _MOST_FOLDERS, _text),
        _smtp(one["smtp"]) if one["smtp"] else None,
        folders,
    )


def _smtp(one: Mapping[str, Any]) -> SmtpIn:
    security = _one_of(one["security"], _SECURITY)
    return SmtpIn(_text(one["host"]), _number(one["port"], 1, 65535), security, _text(one["username"]))


def _folder(one: Mapping[str, Any]) -> FolderIn:
    path, raw = _text(one["file"]), _text(one["raw"]).encode("latin-1")
    if not path.endswith(".mbox") or not raw:
        raise ValueError("a folder")
    delimiter = _text(one["delimiter"])[:1]
    return FolderIn(
        path.removesuffix(".mbox"), raw, _text(one["name"]), delimiter, _one_of(one["role"], _ROLES)
    )


def _tag(one: Mapping[str, Any]) -> TagIn:
    return TagIn(_number(one["id"], 1, _MOST_TAGS), _text(one["name"]), _number(one["colour"], 0, _COLOURS))


def _is_whole(one: Mapping[str, Any]) -> bool:
    """Whether a rule opened when the export was made, and its account is there."""
    belongs = one["everywhere"] or one["account"] is not None
    return belongs and one["name"] is not None and one["definition"] is not None


def _rule(one: Mapping[str, Any]) -> RuleIn:
    account = None if one["everywhere"] else _number(one["account"], 1, _MOST_ACCOUNTS)
    definition = _text(one["definition"], _DEFINITION)
    if not isinstance(json.loads(definition), dict) or not isinstance(one["enabled"], bool):
        raise ValueError("a rule")
    return RuleIn(_text(one["name"]), definition, account, one["enabled"])


def _each(values: Any, most: int, read: Callable[[Any], T]) -> tuple[T, ...]:
    if not isinstance(values, list) or len(values) > most:
        raise ValueError("no list")
    return tuple(read(value) for value in values)


def _text(value: Any, most: int = _LINE) -> str:
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise ValueError("no text")
    value.encode()  # lone surrogates are no text either: UnicodeEncodeError is a ValueError
    return value


def _number(value: Any, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError("no number that could be")
    return value


def _one_of(value: Any, values: tuple[str, ...]) -> str:
    if value not in values:
        raise ValueError("none of them")
    return str(value)
