"""Everything taken along: what is in the archive, who gets it, and how it ends early."""

import io
import json
import random
import re
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.ids import draw_id
from accounts.models import MailAccount, SecurityEvent, Transfer
from mail.models import Email
from mailhelper.leaving.mbox import Splitter
from rules.models import Rule
from tags.models import EmailTag, Tag
from tests.conftest import PASSWORD, Reader, behind_the_wall
from tests.corpus import real_mails
from tests.mail.factories import (
    Mailbox,
    draft,
    make_account,
    make_drafts,
    make_email,
    make_emails,
    make_folder,
)

PAGE, EXPORT = "/settings/leaving/", "/settings/leaving/export/"


def ask(client: Client, password: str = PASSWORD) -> Any:
    return client.post(EXPORT, {"export-password": password})


def download(client: Client) -> bytes:
    response = ask(client)
    assert response.status_code == 200
    with behind_the_wall():
        return b"".join(response.streaming_content)


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files by their path below the archive's one folder."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}


def mails_of(mbox: bytes) -> list[bytes | None]:
    splitter = Splitter(10**8)
    return [entry.raw for entry in [*splitter.feed(mbox), *splitter.end()]]


def lines_of(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def tag(reader: Reader, name: str, colour: int, *emails: Email) -> Tag:
    row = Tag(pk=draw_id(Tag), owner=reader.user, colour=colour)
    row.name = reader.vault.seal_secret(row, "name", name.encode())
    row.name_key = reader.vault.keyed("tag", name.casefold().encode())
    row.save(force_insert=True)
    for email in emails:
        EmailTag.objects.for_user(reader.user).create(owner=reader.user, email=email, tag=row)
    return row


def rule(reader: Reader, name: str, definition: dict[str, Any], account: MailAccount | None = None) -> Rule:
    row = Rule(pk=draw_id(Rule), owner=reader.user, account=account)
    row.name = reader.vault.seal_secret(row, "name", name.encode())
    row.definition = reader.vault.seal_secret(row, "definition", json.dumps(definition).encode())
    row.save(force_insert=True)
    return row


@pytest.fixture
def box(alice: Reader) -> Mailbox:
    return make_account(alice, roles=["sent"])


def test_every_mail_is_there_byte_for_byte_the_oldest_first(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    raws = list(real_mails())[:150]
    first = datetime(2026, 1, 1, tzinfo=UTC)
    drafts = [draft(raw, received_at=first + timedelta(hours=n)) for n, raw in enumerate(raws)]
    make_drafts(alice, box.inbox, drafts[::-1])
    make_email(alice, box.folder("sent"), b"Subject: sent\n\nFrom me\n")
    files = unpacked(download(alice_client))
    place = "mail/01 alice@example.org/"
    assert set(files) == {
        *("README.txt", "data.json", "result.json"),
        *(f"{place}{name}.{end}" for name in ("01 Inbox", "02 Sent") for end in ("mbox", "jsonl")),
    }
    assert mails_of(files[f"{place}01 Inbox.mbox"]) == raws
    assert mails_of(files[f"{place}02 Sent.mbox"]) == [b"Subject: sent\n\nFrom me\n"]
    assert json.loads(files["result.json"]) == {"complete": True, "mails": 151, "mails_that_do_not_open": 0}


def test_what_is_known_of_mails_stands_beside_them(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    done = datetime(2026, 10, 1, 8, 30, tzinfo=UTC)
    columns = {"urgency": 3, "importance": 2, "category": "action", "seen": True, "flagged": True}
    email = make_email(alice, box.inbox, b"Subject: a\n\nb\n", done_at=done, **columns)
    row = tag(alice, "Tax", 4, email)
    files = unpacked(download(alice_client))
    data = json.loads(files["data.json"])
    assert data["tags"] == [{"id": 1, "name": "Tax", "colour": 4}]
    [line] = lines_of(files["mail/01 alice@example.org/01 Inbox.jsonl"])
    assert line["flags"] == ["seen", "flagged"]
    assert (line["urgency"], line["importance"], line["category"], line["spam"]) == (3, 2, "action", False)
    assert (line["done_at"], line["snoozed_until"], line["tags"]) == (done.isoformat(), None, [1])
    assert line["uid"] == email.uid
    assert row.pk


def test_accounts_and_rules_are_there_and_no_password(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    account = box.account
    account.password = alice.vault.seal_secret(account, "password", b"very secret password")
    account.save()
    rule(alice, "Bills", {"if": "bill"}, account)
    rule(alice, "All", {"if": "x"})
    files = unpacked(download(alice_client))
    data = json.loads(files["data.json"])
    [told] = data["accounts"]
    assert (told["address"], told["host"], told["port"]) == ("alice@example.org", "imap.example.org", 993)
    assert [folder["name"] for folder in told["folders"]] == ["Inbox", "Sent"]
    assert [(one["name"], one["account"], json.loads(one["definition"])) for one in data["rules"]] == [
        ("Bills", 1, {"if": "bill"}),
        ("All", None, {"if": "x"}),
    ]
    assert b"very secret password" not in b"".join(files.values())
    assert "Passwords" in data["without"]


def test_folders_of_any_name_become_safe_files(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    names = [
        "../../etc/passwd",
        "CON",
        "a/b\\c:d",
        "Grüße",
        "x" * 300,
        "dots...",
        "\u202etxt.exe",
        "same",
        "same ",
    ]
    for name in names:
        make_folder(alice, box.account, name)
    archive = download(alice_client)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for name in opened.namelist():
            assert re.fullmatch(r"MailHelper-export-[\d-]+(/[\w .@()&+-]+){1,3}", name), name
            assert not re.search(r"(^|/)\.|\.\.(/|$)|[ .](/|$)", name), name
            assert len(name.encode()) < 250
        assert len(set(opened.namelist())) == len(opened.namelist())
    told = json.loads(unpacked(archive)["data.json"])["accounts"][0]["folders"]
    assert [folder["name"] for folder in told][2:] == names


def test_a_mail_that_does_not_open_is_named_and_counted(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    emails = make_emails(alice, box.inbox, 3)
    raw = bytearray(emails[1].message.raw)
    raw[-1] ^= 1
    type(emails[1].message).objects.for_user(alice.user).filter(pk=emails[1].pk).update(raw=bytes(raw))
    files = unpacked(download(alice_client))
    lines = lines_of(files["mail/01 alice@example.org/01 Inbox.jsonl"])
    assert [line.get("missing", False) for line in lines] == [False, True, False]
    assert lines[1]["uid"] == emails[1].uid
    assert "does not open" in lines[1]["note"]
    assert len(mails_of(files["mail/01 alice@example.org/01 Inbox.mbox"])) == 2
    assert json.loads(files["result.json"]) == {"complete": True, "mails": 2, "mails_that_do_not_open": 1}


def test_a_mail_of_which_only_the_head_is_here_says_so(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    make_email(alice, box.inbox, b"Subject: huge\n\n", state="cut")
    files = unpacked(download(alice_client))
    [line] = lines_of(files["mail/01 alice@example.org/01 Inbox.jsonl"])
    assert line["cut"] is True
    assert "over the size limit" in line["note"]
    assert mails_of(files["mail/01 alice@example.org/01 Inbox.mbox"]) == [b"Subject: huge\n\n"]


def test_nobody_else_is_in_it(alice: Reader, bob: Reader, alice_client: Client, box: Mailbox) -> None:
    make_email(bob, make_account(bob).inbox, b"Subject: of bob\n\nhis\n")
    make_email(alice, box.inbox)
    files = unpacked(download(alice_client))
    assert b"of bob" not in b"".join(files.values())
    assert b"bob@example.org" not in files["data.json"]


def test_the_answer_is_a_download_that_nobody_keeps(alice_client: Client, box: Mailbox) -> None:
    response = ask(alice_client)
    today = timezone.now().strftime("%Y-%m-%d")
    assert response.headers["Content-Disposition"] == f'attachment; filename="MailHelper-export-{today}.zip"'
    assert response.headers["Content-Type"] == "application/zip"
    assert "no-store" in response.headers["Cache-Control"]
    response.close()


def test_it_asks_the_password(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    response = ask(alice_client, "wrong")
    assert response.status_code == 422
    assert "The password is not right" in response.content.decode()
    assert not Transfer.objects.for_user(alice.user).exists()
    assert not SecurityEvent.objects.for_user(alice.user).filter(kind="exported").exists()
    assert alice_client.get(EXPORT).status_code == 405


def test_it_is_among_the_security_events(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    download(alice_client)
    assert SecurityEvent.objects.for_user(alice.user).filter(kind="exported").count() == 1
    work = Transfer.objects.for_user(alice.user).get()
    assert (work.kind, work.error, work.finished_at is not None) == ("export", "", True)


def test_three_in_an_hour_are_too_many(alice_client: Client, box: Mailbox) -> None:
    assert [ask(alice_client, "wrong").status_code for _ in range(3)] == [422, 422, 429]


def test_one_at_a_time_until_it_has_stood_still(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    work = Transfer.objects.for_user(alice.user).create(owner=alice.user, kind="export", total=10, done=3)
    assert "Another export is under way" in ask(alice_client).content.decode()
    shown = alice_client.get(PAGE + "progress/").content.decode()
    assert "3 of 10" in shown
    Transfer.objects.for_user(alice.user).update(moved_on_at=timezone.now() - timedelta(minutes=3))
    assert "3 of 10" not in alice_client.get(PAGE).content.decode()
    download(alice_client)
    work.refresh_from_db()
    assert work.error == "left"


@pytest.fixture
def many(alice: Reader, box: Mailbox) -> Mailbox:
    """More than a page."""
    make_emails(alice, box.inbox, 200)
    return box


def begun(client: Client) -> Iterator[bytes]:
    """A download of which the first mails came."""
    pieces = iter(ask(client).streaming_content)
    with behind_the_wall():
        for _ in range(4):
            next(pieces)
    return pieces


@pytest.mark.parametrize("how", ["/lock/", "/sign-out/"])
def test_a_lock_or_a_sign_out_ends_it_and_the_archive_is_visibly_cut(
    alice: Reader, alice_client: Client, many: Mailbox, how: str
) -> None:
    response = ask(alice_client)
    pieces, got = iter(response.streaming_content), []
    with behind_the_wall():
        got += [next(pieces) for _ in range(4)]
    alice_client.post(how)
    with behind_the_wall(), pytest.raises(ConnectionResetError):
        got += list(pieces)
    assert Transfer.objects.for_user(alice.user).get().error == "locked"
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(got)))


def test_a_browser_that_goes_away_ends_it(alice: Reader, alice_client: Client, many: Mailbox) -> None:
    response = ask(alice_client)
    pieces = iter(response.streaming_content)
    with behind_the_wall():
        for _ in range(4):
            next(pieces)
    assert Transfer.objects.for_user(alice.user).get().done > 0
    with behind_the_wall():
        for close in response._resource_closers:  # as the server does where it cannot write
            close()
    assert Transfer.objects.for_user(alice.user).get().error == "client-gone"


def test_who_was_overtaken_stops(alice: Reader, alice_client: Client, many: Mailbox) -> None:
    pieces = begun(alice_client)
    Transfer.objects.for_user(alice.user).update(finished_at=timezone.now(), error="left")
    with behind_the_wall(), pytest.raises(ConnectionResetError):
        list(pieces)
    assert Transfer.objects.for_user(alice.user).get().error == "left"


def test_a_mail_that_goes_meanwhile_breaks_nothing(
    alice: Reader, alice_client: Client, many: Mailbox
) -> None:
    pieces = begun(alice_client)
    gone = Email.objects.for_user(alice.user).order_by("received_at", "pk")
    for pk in (gone[0].pk, gone[199].pk):
        Email.objects.for_user(alice.user).filter(pk=pk).delete()
    with behind_the_wall():
        list(pieces)
    assert Transfer.objects.for_user(alice.user).get().error == ""


def test_no_transaction_is_open_while_the_browser_takes_its_time(
    alice_client: Client, many: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    depth = len(connection.savepoint_ids)
    pieces = begun(alice_client)
    assert len(connection.savepoint_ids) == depth
    list(pieces)


def peak(reader: Reader, client: Client) -> int:
    """The most memory that an export took, in bytes."""
    response = ask(client)
    tracemalloc.start()
    with behind_the_wall():
        total = sum(len(piece) for piece in response.streaming_content)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(
        f"{Email.objects.for_user(reader.user).count()} mails, {total:,} bytes: at most {most:,} bytes held"
    )
    return most


@pytest.mark.slow
def test_memory_is_the_same_for_two_hundred_mails_and_for_two_thousand(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    dice = random.Random(1)
    raws = [f"Subject: {n}\n\n{dice.randbytes(10_000).hex()}\n".encode() for n in range(200)]
    make_drafts(alice, box.inbox, [draft(raw) for raw in raws])
    few = peak(alice, alice_client)
    for _ in range(9):
        make_drafts(alice, box.inbox, [draft(raw) for raw in raws])
    assert peak(alice, alice_client) < few * 1.5
