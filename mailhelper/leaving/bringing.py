"""What an export has beside the mail, as rows: accounts, folders, tags, rules. What is there is taken."""

import json
from dataclasses import dataclass, field

from accounts import mailboxes
from accounts.ids import draw_id
from accounts.keyring import Vault
from accounts.mailboxes import Details, Outgoing
from accounts.models import MailAccount
from accounts.ownership import acting_as
from accounts.sealing import CannotOpen
from mail import folders
from mail.imap.folders import ListedFolder
from mail.models import Folder
from mailhelper.leaving.description import AccountIn, DescriptionIn, FolderIn, RuleIn, TagIn
from rules.models import Rule
from tags.models import Tag


@dataclass(frozen=True, slots=True)
class Place:
    """Where the mails of a file go."""

    account: MailAccount
    folder: Folder


@dataclass(slots=True)
class Brought:
    """Folders by their files' path, tags by the export's numbers; `paused` are accounts to be resumed."""

    places: dict[str, Place] = field(default_factory=dict)
    tags: dict[int, int] = field(default_factory=dict)
    paused: list[MailAccount] = field(default_factory=list)


def bring(vault: Vault, told: DescriptionIn) -> Brought:
    """Make what is missing. An account that is being synced rests until `Brought.paused` is resumed."""
    brought = Brought()
    with acting_as(vault.owner):
        accounts = {one.number: _account(vault, one, brought) for one in told.accounts}
        _tags(vault, told.tags, brought)
        _rules(vault, told.rules, accounts)
    return brought


def _account(vault: Vault, one: AccountIn, brought: Brought) -> MailAccount:
    row = mailboxes.bring(vault, _details(one))
    if row.state == MailAccount.State.ACTIVE:
        mailboxes.rest(row)
        brought.paused.append(row)
    for folder in one.folders:
        brought.places[folder.path] = Place(row, _folder(vault, row, folder))
    return row


def _details(one: AccountIn) -> Details:
    smtp = one.smtp
    return Details(
        name=one.name,
        address=one.address,
        host=one.host,
        port=one.port,
        security=one.security,
        username=one.username,
        sync_every=one.sync_every,
        has_password=False,
        smtp=Outgoing(smtp.host, smtp.port, smtp.security, smtp.username) if smtp else None,
        since=one.since,
        left_out=one.left_out,
    )


def _folder(vault: Vault, account: MailAccount, one: FolderIn) -> Folder:
    listed = ListedFolder(one.raw, one.name, one.delimiter, one.role, True)
    key = vault.keyed(f"folder-{account.pk}", one.raw)
    mine = Folder.objects.for_user(vault.owner).filter(account=account)
    if row := mine.filter(name_key=key).first():
        return row
    row = Folder(pk=draw_id(Folder), owner_id=vault.owner, account=account, name_key=key, role=one.role)
    row.name = vault.seal_secret(row, "name", folders.write_name(listed))
    row.save(force_insert=True)
    return row


def _tags(vault: Vault, told: tuple[TagIn, ...], brought: Brought) -> None:
    mine = Tag.objects.for_user(vault.owner)
    there = {bytes(row.name_key): row.pk for row in mine}
    for one in told:
        key = vault.keyed("tag", one.name.casefold().encode())
        if key not in there:
            row = Tag(pk=draw_id(Tag), owner_id=vault.owner, name_key=key, colour=one.colour)
            row.name = vault.seal_secret(row, "name", one.name.encode())
            row.save(force_insert=True)
            there[key] = row.pk
        brought.tags[one.number] = there[key]


def _rules(vault: Vault, told: tuple[RuleIn, ...], accounts: dict[int, MailAccount]) -> None:
    mine = list(Rule.objects.for_user(vault.owner))
    there = {(row.account_id, _definition(vault, row)) for row in mine}
    last = max((row.position for row in mine), default=-1)
    for position, one in enumerate(told, last + 1):
        account = accounts[one.account].pk if one.account in accounts and one.account else None
        if one.account is not None and account is None:
            continue
        if (account, _canonical(one.definition)) in there:
            continue
        row = Rule(pk=draw_id(Rule), owner_id=vault.owner, account_id=account, position=position)
        row.enabled = one.enabled
        row.name = vault.seal_secret(row, "name", one.name.encode())
        row.definition = vault.seal_secret(row, "definition", one.definition.encode())
        row.save(force_insert=True)


def _definition(vault: Vault, row: Rule) -> str:
    """As it can be compared; "" of a damaged row."""
    try:
        return _canonical(vault.open_text(row, "definition"))
    except (CannotOpen, ValueError):
        return ""


def _canonical(definition: str) -> str:
    return json.dumps(json.loads(definition), sort_keys=True)
