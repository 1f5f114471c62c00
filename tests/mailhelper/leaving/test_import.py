"""An export brought in again: the same mail, nothing doubled; hostile archives end with a sentence."""

import io
import json
import random
import re
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
import zstandard
from django.core.files import uploadedfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import housekeeping, mailboxes, transfers
from accounts.models import MailAccount, ReaderSession, SecurityEvent, Transfer
from accounts.ownership import acting_as
from mail import reading
from mail.models import Email, Folder
from mailhelper.leaving import importing
from mailhelper.leaving.records import FLAGS
from rules.models import Rule
from tags.models import EmailTag, Tag
from tests.conftest import Reader, sign_in
from tests.corpus import real_mails
from tests.mail.factories import Mailbox, draft, make_account, make_drafts, make_email
from tests.mailhelper.leaving.test_export import download, rule, tag

PAGE, IMPORT = "/settings/leaving/", "/settings/leaving/import/"
HERE = {"origin": "http://testserver"}


def send(client: Client, archive: bytes, **headers: str) -> str:
    """Upload; what the page says afterwards."""
    file = SimpleUploadedFile("export.zip", archive, "application/zip")
    response = client.post(IMPORT, {"archive": file}, headers=headers or HERE)
    assert response.status_code == 302, response.status_code
    return client.get(PAGE).content.decode()


def raws(reader: Reader, role: str = "inbox") -> list[bytes]:
    mine = Email.objects.for_user(reader.user).filter(folder__role=role).select_related("message")
    return [
        zstandard.decompress(reader.vault.open(email.message, "raw"))
        for email in mine.order_by("received_at", "pk")
    ]


def repacked(archive: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The same archive with other content; None leaves a file out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name.partition("/")[2], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def box(alice: Reader) -> Mailbox:
    return make_account(alice, roles=["sent"])


@pytest.fixture
def archive(alice: Reader, alice_client: Client, box: Mailbox) -> bytes:
    """Alice's export: 120 real mails and two of her own."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    mails = list(real_mails())[:120]
    make_drafts(
        alice, box.inbox, [draft(raw, received_at=first + timedelta(hours=n)) for n, raw in enumerate(mails)]
    )
    make_email(alice, box.folder("sent"), b"Subject: mine\n\nFrom me\n")
    return download(alice_client)


@pytest.fixture
def bob_client(bob: Reader) -> Client:
    return sign_in(bob)


def test_what_one_reader_took_along_another_brings_in_byte_for_byte(
    alice: Reader, bob: Reader, bob_client: Client, archive: bytes
) -> None:
    page = send(bob_client, archive)
    assert "121 mails were brought in." in page
    for role in ("inbox", "sent"):
        assert raws(bob, role) == raws(alice, role)
    work = Transfer.objects.for_user(bob.user).get()
    assert (work.kind, work.error, work.finished_at is not None) == ("import", "", True)
    assert SecurityEvent.objects.for_user(bob.user).filter(kind="imported").count() == 1


def test_what_was_known_of_mails_is_known_again(
    alice: Reader, alice_client: Client, bob: Reader, bob_client: Client, box: Mailbox
) -> None:
    at = datetime(2026, 9, 1, 8, 0, 0, 123456, tzinfo=UTC)
    first = make_email(
        alice, box.inbox, b"Subject: a\n\nb\n", received_at=at, urgency=3, importance=2, category="action",
        seen=True, flagged=True, done_at=at, snoozed_until=at + timedelta(days=90), rises_at=at,
    )  # fmt: skip
    make_email(alice, box.inbox, b"Subject: b\n\nb\n", received_at=at + timedelta(days=1), spam=True)
    make_email(alice, box.inbox, b"Subject: c\n\n", received_at=at + timedelta(days=2), state="cut")
    tag(alice, "Tax", 4, first)
    tag(alice, "Unused", 1)
    rule(alice, "Bills", {"if": "bill"}, box.account)
    rule(alice, "All", {"if": "x"})
    send(bob_client, download(alice_client))
    names = (
        *FLAGS,
        *["received_at", "urgency", "importance", "score", "category", "spam", "done_at", "snoozed_until"],
    )
    names = (*names, "rises_at", "state", "size")
    mine = Email.objects.for_user(bob.user).order_by("received_at")
    theirs = Email.objects.for_user(alice.user).order_by("received_at")
    assert list(mine.values(*names)) == list(theirs.values(*names))
    tags = {bob.vault.open_text(row, "name"): row.colour for row in Tag.objects.for_user(bob.user)}
    assert tags == {"Tax": 4, "Unused": 1}
    assert EmailTag.objects.for_user(bob.user).get().email_id == mine[0].pk
    rules = Rule.objects.for_user(bob.user).order_by("position")
    assert [bob.vault.open_text(row, "name") for row in rules] == ["Bills", "All"]
    assert [row.account_id is not None for row in rules] == [True, False]


def test_the_account_waits_for_its_password(bob: Reader, bob_client: Client, archive: bytes) -> None:
    send(bob_client, archive)
    account = MailAccount.objects.for_user(bob.user).get()
    assert (account.state, account.error, account.password) == ("paused", "imported", None)
    assert bob.vault.open_text(account, "address") == "alice@example.org"
    page = bob_client.get("/accounts/").content.decode()
    assert "came with an import" in page
    assert bob_client.get(f"/accounts/{account.pk}/edit/").status_code == 200


def test_its_mails_are_listed_and_open(bob: Reader, bob_client: Client, archive: bytes) -> None:
    send(bob_client, archive)
    sent = Folder.objects.for_user(bob.user).get(role="sent")
    assert b"mine" in bob_client.get(f"/inbox/?folder={sent.pk}").content
    for email in Email.objects.for_user(bob.user).order_by("pk")[:5]:
        assert bob_client.get(f"/mail/{email.pk}/").status_code == 200


def test_bringing_it_in_twice_doubles_nothing(bob: Reader, bob_client: Client, archive: bytes) -> None:
    send(bob_client, archive)
    Email.objects.for_user(bob.user).update(seen=True, urgency=2)
    page = send(bob_client, archive)
    assert "0 mails were brought in. 121 were here already." in page
    assert Email.objects.for_user(bob.user).count() == 121
    assert not Email.objects.for_user(bob.user).exclude(seen=True, urgency=2).exists()
    for model in (MailAccount, Tag, Rule):
        assert model.objects.for_user(bob.user).count() == (model is MailAccount)
    assert Folder.objects.for_user(bob.user).count() == 2


def test_a_mail_that_is_twice_in_a_folder_stays_so(
    alice: Reader, alice_client: Client, bob: Reader, bob_client: Client, box: Mailbox
) -> None:
    for _ in range(3):
        make_email(alice, box.inbox, b"Subject: same\n\nsame\n")
    archive = download(alice_client)
    for _ in range(2):
        send(bob_client, archive)
        assert len(raws(bob)) == 3


def test_in_ones_own_house_what_was_lost_comes_back(
    alice: Reader, alice_client: Client, archive: bytes, box: Mailbox
) -> None:
    before = raws(alice)
    lost = Email.objects.for_user(alice.user).order_by("received_at")[10:15]
    Email.objects.for_user(alice.user).filter(pk__in=[email.pk for email in lost]).delete()
    page = send(alice_client, archive)
    assert "5 mails were brought in. 116 were here already." in page
    assert raws(alice) == before
    account = MailAccount.objects.for_user(alice.user).get()
    assert (account.pk, account.state) == (box.account.pk, "active")


def test_nothing_of_it_is_ever_a_file(
    bob: Reader, bob_client: Client, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Mock(side_effect=AssertionError("a file"))
    monkeypatch.setattr(uploadedfile.tempfile, "NamedTemporaryFile", written)
    monkeypatch.setattr(tempfile, "TemporaryFile", written)
    assert "121 mails" in send(bob_client, archive * 1)
    assert not written.called


def test_forms_of_other_sites_end_before_a_byte_is_read(
    bob: Reader, bob_client: Client, archive: bytes
) -> None:
    for origin in ("https://evil.example", "null", "http://testserver.evil.example", "http://testserver:81"):
        file = SimpleUploadedFile("export.zip", archive)
        assert bob_client.post(IMPORT, {"archive": file}, headers={"origin": origin}).status_code == 403
    assert bob_client.post(IMPORT, {"archive": SimpleUploadedFile("export.zip", archive)}).status_code == 403
    assert not Transfer.objects.for_user(bob.user).exists()
    assert not Email.objects.for_user(bob.user).exists()


def test_the_forms_token_is_looked_at(bob: Reader, archive: bytes) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = sign_in(bob).cookies
    file = SimpleUploadedFile("export.zip", archive)
    assert strict.post(IMPORT, {"archive": file}, headers=HERE).status_code == 403
    page = strict.get(PAGE).content.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    file = SimpleUploadedFile("export.zip", archive)
    values = {"csrfmiddlewaretoken": token, "archive": file}
    assert strict.post(IMPORT, values, headers=HERE).status_code == 302


def test_no_file_and_two_files(bob: Reader, bob_client: Client, archive: bytes) -> None:
    bob_client.post(IMPORT, {}, headers=HERE)
    assert "No file was chosen" in bob_client.get(PAGE).content.decode()
    files = [SimpleUploadedFile("a.zip", archive), SimpleUploadedFile("b.zip", b"nonsense")]
    bob_client.post(IMPORT, {"archive": files}, headers=HERE)
    assert "121 mails" in bob_client.get(PAGE).content.decode()


def test_one_at_a_time(bob: Reader, bob_client: Client, archive: bytes) -> None:
    Transfer.objects.for_user(bob.user).create(owner=bob.user, kind="import", total=1000, done=420)
    assert "42 %" in bob_client.get(PAGE).content.decode()
    assert "Another import is under way" in send(bob_client, archive)
    assert not Email.objects.for_user(bob.user).exists()


def without(name: str) -> Callable[[str, bytes], bytes | None]:
    return lambda path, content: None if path == name else content


def with_data(change: Callable[[Any], object]) -> Callable[[str, bytes], bytes]:
    def rewrite(path: str, content: bytes) -> bytes:
        if path != "data.json":
            return content
        data = json.loads(content)
        change(data)
        return json.dumps(data).encode()

    return rewrite


def with_content(ending: str, content: bytes) -> Callable[[str, bytes], bytes]:
    return lambda path, old: content if path.endswith(ending) else old


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "no archive": lambda archive: b"not a zip at all" * 10,
    "empty": lambda archive: b"",
    "without data.json": lambda archive: repacked(archive, without("data.json")),
    "data.json is no JSON": lambda archive: repacked(archive, with_content("data.json", b"{")),
    "data.json is deep": lambda archive: repacked(archive, with_content("data.json", b"[" * 200_000)),
    "data.json is huge": lambda archive: repacked(archive, with_content("data.json", b" " * 17_000_000)),
    "another version": lambda archive: repacked(archive, with_data(lambda data: data.update(version=2))),
    "a port of text": lambda archive: repacked(
        archive, with_data(lambda data: data["accounts"][0].update(port="993"))
    ),
    "a name with NUL": lambda archive: repacked(
        archive, with_data(lambda data: data["accounts"][0].update(name="a\0b"))
    ),
    "a role of its own": lambda archive: repacked(
        archive, with_data(lambda data: data["accounts"][0]["folders"][0].update(role="root"))
    ),
    "two folders of one file": lambda archive: repacked(
        archive, with_data(lambda data: data.update(accounts=data["accounts"] * 2))
    ),
    "no mbox": lambda archive: repacked(archive, with_content(".mbox", b"Subject: x\n\nno mbox")),
    "lines that are no JSON": lambda archive: repacked(archive, with_content(".jsonl", b"nonsense\n")),
    "a line without an end": lambda archive: repacked(archive, with_content(".jsonl", b"x" * 200_000)),
    "urgency 9": lambda archive: repacked(
        archive, lambda path, old: old.replace(b'"urgency": ', b'"urgency": 9')
    ),
    "more lines than mails": lambda archive: repacked(
        archive, lambda path, old: old * 3 if path.endswith(".jsonl") else old
    ),
    "cut in the middle": lambda archive: archive[: len(archive) // 2],
    "a broken byte": lambda archive: archive[:40_000] + b"\xff\xff\xff" + archive[40_003:],
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_ends_with_a_sentence_and_all_is_consistent(
    alice: Reader, bob: Reader, bob_client: Client, archive: bytes, what: str
) -> None:
    page = send(bob_client, HOSTILE[what](archive))
    assert "notice-red" in page
    work = Transfer.objects.for_user(bob.user).get()
    assert work.finished_at is not None
    assert work.error != ""
    emails = Email.objects.for_user(bob.user)
    for email in emails:
        assert reading.open_message(bob.vault, email) in raws(alice) + raws(alice, "sent")
        assert bob.vault.open(email, "head")
    before = emails.count()
    page = send(bob_client, archive)
    assert re.search(rf"\b{121 - before} mails? (was|were) brought in", page)
    assert raws(bob) == raws(alice)
    assert not emails.filter(uid__lt=0).exists()


def test_names_in_the_archive_lead_nowhere(
    bob: Reader, bob_client: Client, archive: bytes, tmp_path: Any
) -> None:
    out = io.BytesIO(archive)
    with zipfile.ZipFile(out, "a") as opened:
        for name in ("../../../etc/cron.d/x", "/etc/passwd", "C:\\x", "x/../../mail/y.mbox", "x" * 900):
            opened.writestr(name, "evil")
    assert "121 mails were brought in" in send(bob_client, out.getvalue())


def test_a_mail_that_is_too_large_here_is_left_out_and_counted(
    alice: Reader, alice_client: Client, bob: Reader, bob_client: Client, box: Mailbox, settings: Any
) -> None:
    make_email(alice, box.inbox, b"Subject: big\n\n" + b"x" * 20_000 + b"\n")
    make_email(alice, box.inbox, b"Subject: small\n\nx\n")
    archive = download(alice_client)
    settings.MAIL_MAX_BYTES = 10_000
    page = send(bob_client, archive)
    assert "1 mail was brought in. 1 is larger than this server keeps, and was left out." in page
    assert raws(bob) == [b"Subject: small\n\nx\n"]


@pytest.mark.parametrize("how", ["locked", "overtaken"])
def test_a_lock_in_the_middle_ends_it_and_what_came_stays(
    alice: Reader, bob: Reader, bob_client: Client, archive: bytes, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    other = sign_in(bob)
    monkeypatch.setattr(importing, "_AT_ONCE", 20)
    store = importing.Store.store

    def lock_after_the_first(self: Any, *args: Any) -> None:
        store(self, *args)
        if how == "locked":
            bob_client.post("/lock/")
        else:
            with acting_as(bob.user):
                Transfer.objects.for_user(bob.user).update(finished_at=datetime.now(UTC), error="left")

    monkeypatch.setattr(importing.Store, "store", lock_after_the_first)
    file = SimpleUploadedFile("export.zip", archive)
    bob_client.post(IMPORT, {"archive": file}, headers=HERE)
    assert Email.objects.for_user(bob.user).count() == 20
    assert Transfer.objects.for_user(bob.user).get().error in ("interrupted", "left")
    monkeypatch.undo()
    assert "101 mails were brought in. 20 were here already." in send(other, archive)
    assert raws(bob) == raws(alice)
    names = ("received_at", "urgency", "importance", "category", "spam", "done_at", *FLAGS)
    rows = [Email.objects.for_user(one.user).order_by("received_at") for one in (alice, bob)]
    assert list(rows[1].values(*names)) == list(rows[0].values(*names))


@pytest.mark.slow
def test_memory_is_the_same_for_a_small_and_a_large_import(
    alice: Reader, alice_client: Client, bob: Reader, bob_client: Client, box: Mailbox
) -> None:
    """What the upload itself takes in this process is not counted: the client holds it whole."""
    most, dice = [], random.Random(1)
    for count in (200, 1400):
        letters = [f"Subject: {n}\n\n{dice.randbytes(10_000).hex()}\n".encode() for n in range(count)]
        make_drafts(alice, box.inbox, [draft(raw) for raw in letters])
        archive = download(alice_client)
        work = Transfer.objects.for_user(bob.user).create(owner=bob.user, kind="import")
        session = reader_session(bob)
        whole = importing.Import(work, importing.OpenVault(bob.vault, session))
        tracemalloc.start()
        for start in range(0, len(archive), 262_144):
            whole.feed(archive[start : start + 262_144])
        whole.end()
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        Transfer.objects.for_user(bob.user).delete()
    print(f"at most {most[0]:,} bytes held for 200 mails, {most[1]:,} for 1,600")
    assert most[1] < most[0] * 1.5


def reader_session(reader: Reader) -> Any:
    return ReaderSession.objects.for_user(reader.user).latest("pk")


def sorted_anew(archive: bytes) -> bytes:
    """As a program packs it that sorts by name: what is said of mails comes before them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist()):
            new.writestr(name, old.read(name))
    return out.getvalue()


def test_an_archive_packed_in_another_order_is_told_and_the_right_one_completes_it(
    bob: Reader, bob_client: Client, alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    make_email(alice, box.inbox, b"Subject: a\n\nb\n", urgency=3, flagged=True)
    archive = download(alice_client)
    assert "The archive is damaged" in send(bob_client, sorted_anew(archive))
    send(bob_client, archive)
    email = Email.objects.for_user(bob.user).get()
    assert (email.urgency, email.flagged) == (3, True)


def test_damaged_rows_of_ones_own_do_not_end_it(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    rule(alice, "Bills", {"all": []})
    make_email(alice, box.inbox, b"Subject: a\n\nb\n")
    archive = download(alice_client)
    other = make_account(alice, "other@example.org").account
    MailAccount.objects.for_user(alice.user).filter(pk=other.pk).update(host=b"damaged")
    Rule.objects.for_user(alice.user).update(definition=b"damaged")
    assert "was here already" in send(alice_client, archive)


def everybody_sees(reader: Reader) -> tuple[str, str]:
    with acting_as(reader.user):
        return state_of(reader)


def state_of(reader: Reader) -> tuple[str, str]:
    row = MailAccount.objects.for_user(reader.user).get()
    return row.state, row.error


def test_an_account_rests_meanwhile_and_goes_on_even_if_the_web_process_is_killed(
    alice: Reader, alice_client: Client, box: Mailbox, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(importing.Import, "close", lambda self: seen.append(everybody_sees(alice)))
    send(alice_client, archive)
    assert seen == [("paused", "resting")]
    assert state_of(alice) == ("paused", "resting")
    assert housekeeping.wake_rested() == 1
    assert state_of(alice) == ("active", "")


def test_an_account_goes_on_resting_while_its_import_is_under_way(alice: Reader, box: Mailbox) -> None:
    transfers.claim(alice.pk, Transfer.Kind.IMPORT)
    mailboxes.rest(box.account)
    assert housekeeping.wake_rested() == 0
    assert state_of(alice) == ("paused", "resting")


def test_who_paused_it_meanwhile_is_not_overruled(alice: Reader, box: Mailbox) -> None:
    mailboxes.rest(box.account)
    mailboxes.keep(box.account)  # an answer of the reader's takes the mark away
    mailboxes.go_on(box.account)
    assert state_of(alice) == ("paused", "")
