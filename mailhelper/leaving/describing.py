"""data.json of an export: what there is beside the mail. Passwords, tokens and keys are not in it."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from accounts import mailboxes
from accounts.keyring import Vault
from accounts.models import MailAccount
from accounts.sealing import CannotOpen
from mail import folders
from mail.models import Folder
from mailhelper.leaving.description import FORMAT, VERSION
from mailhelper.leaving.names import safe_name
from rules.models import Rule
from tags.models import Tag

logger = logging.getLogger(__name__)


_WITHOUT = "Passwords, tokens and keys are not in this export."


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A folder and where its mails are: `path` without its ending."""

    pk: int
    path: str


@dataclass(frozen=True, slots=True)
class Description:
    """`whole` is what stands in data.json; `tags` are the export's own numbers by row."""

    whole: dict[str, Any]
    files: list[FolderFile] = field(default_factory=list)
    tags: dict[int, int] = field(default_factory=dict)

    def written(self) -> bytes:
        """The file."""
        return json.dumps(self.whole, ensure_ascii=False, indent=1).encode() + b"\n"


def describe(vault: Vault) -> Description:
    """Everything but the mail. In a transaction of the reader's."""
    accounts = list(mailboxes.living(vault.owner).order_by("pk"))
    numbers = {row.pk: number for number, row in enumerate(accounts, 1)}
    tags = list(Tag.objects.for_user(vault.owner).order_by("pk"))
    rules = Rule.objects.for_user(vault.owner).order_by("position", "pk")
    whole: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "without": _WITHOUT,
    }
    found = Description(whole, tags={row.pk: number for number, row in enumerate(tags, 1)})
    whole["accounts"] = [_account(vault, row, numbers[row.pk], found.files) for row in accounts]
    whole["tags"] = [_tag(vault, row, found.tags[row.pk]) for row in tags]
    whole["rules"] = [_rule(vault, row, numbers) for row in rules]
    return found


def _account(vault: Vault, row: MailAccount, number: int, files: list[FolderFile]) -> dict[str, Any]:
    settings = _settings(vault, row)
    place = f"mail/{safe_name(number, settings.get('address', ''))}"
    mine: Iterable[Folder] = Folder.objects.for_user(vault.owner).filter(account=row).order_by("pk")
    described = [_folder(vault, folder, at, place, files) for at, folder in enumerate(mine, 1)]
    return {"id": number, **settings, "folders": described}


def _settings(vault: Vault, row: MailAccount) -> dict[str, Any]:
    try:
        details = mailboxes.read(vault, row)
    except (CannotOpen, ValueError):
        logger.error("accounts.MailAccount %d does not open", row.pk)
        return {"opens": False}
    smtp = details.smtp
    return {
        "name": details.name,
        "address": details.address,
        "host": details.host,
        "port": details.port,
        "security": details.security,
        "username": details.username,
        "sync_every": details.sync_every,
        "since": details.since.isoformat() if details.since else None,
        "left_out": list(details.left_out),
        "smtp": smtp
        and {"host": smtp.host, "port": smtp.port, "security": smtp.security, "username": smtp.username},
    }


def _folder(vault: Vault, row: Folder, number: int, place: str, files: list[FolderFile]) -> dict[str, Any]:
    raw, name, delimiter = _name(vault, row)
    path = f"{place}/{safe_name(number, name)}"
    files.append(FolderFile(row.pk, path))
    text = raw.decode("latin-1")
    return {"file": f"{path}.mbox", "raw": text, "name": name, "delimiter": delimiter, "role": row.role}


def _name(vault: Vault, row: Folder) -> tuple[bytes, str, str]:
    try:
        return folders.read_name(vault.open_secret(row, "name"))
    except (CannotOpen, ValueError):
        logger.error("The name of mail.Folder %d does not open", row.pk)
        return f"Folder {row.pk}".encode(), f"Folder {row.pk}", ""


def _tag(vault: Vault, row: Tag, number: int) -> dict[str, Any]:
    return {"id": number, "name": _text(vault, row, "name"), "colour": row.colour}


def _rule(vault: Vault, row: Rule, numbers: dict[int, int]) -> dict[str, Any]:
    return {
        "name": _text(vault, row, "name"),
        "definition": _text(vault, row, "definition"),
        "account": numbers.get(row.account_id) if row.account_id else None,
        "everywhere": row.account_id is None,
        "enabled": row.enabled,
    }


def _text(vault: Vault, row: Any, name: str) -> str | None:
    """None where it does not open."""
    try:
        return vault.open_text(row, name)
    except (CannotOpen, ValueError):
        logger.error("%s of %s %d does not open", name, row._meta.label, row.pk)
        return None
