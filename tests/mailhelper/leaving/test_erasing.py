"""A reader leaves: afterwards nothing of them is in any table."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, RequestFactory
from django_celery_results.models import TaskResult

from accounts import attempts, deleting, events, grants, invitations, unlocking
from accounts.ids import draw_id
from accounts.models import (
    Authenticator,
    BackupCode,
    ContentKey,
    Grant,
    Identity,
    Invitation,
    KnownDevice,
    MailAccount,
    Passkey,
    ReaderSession,
    SecurityEvent,
    Transfer,
    User,
)
from accounts.sealing import MAGIC
from accounts.tasks import remove_rows
from mail.models import Email, SyncRun
from tests.conftest import PASSWORD, Reader, sign_in, sign_up
from tests.mail.factories import Mailbox, make_account, make_emails
from tests.mailhelper.leaving.test_export import rule, tag

PAGE = "/settings/leaving/delete/"
NAME = "dorothea"

_COLUMNS = """
    SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
      JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
"""
_USERS = """
    SELECT conrelid::regclass::text, a.attname FROM pg_constraint k
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)
     WHERE k.contype = 'f' AND k.confrelid = 'accounts_user'::regclass
"""


@pytest.fixture
def far_id(db: None) -> Iterator[None]:
    """The next user's id is one that nothing else has."""
    sequence = "pg_get_serial_sequence('accounts_user', 'id')"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT nextval({sequence})")
        before = cursor.fetchone()[0]
        cursor.execute(f"SELECT setval({sequence}, 7700123, false)")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT setval({sequence}, %s)", [before])


@pytest.fixture
def dora(far_id: None) -> Reader:
    """Somebody of a long history."""
    reader = sign_up(NAME)
    box = make_account(reader, "dora@example.org", roles=["sent"], password=b"x")
    emails = make_emails(reader, box.inbox, 25)
    tag(reader, "Tax", 1, *emails[:5])
    rule(reader, "Bills", {}, box.account)
    SyncRun.objects.for_user(reader.user).create(owner=reader.user, account=box.account)
    invitations.make("dora@example.org")
    Invitation.objects.update(user=reader.user)
    BackupCode.objects.for_user(reader.user).create(owner=reader.user, digest=b"x" * 32)
    grants.give(reader.vault, Grant.Until.REVOKED)
    Transfer.objects.for_user(reader.user).create(owner=reader.user, kind="export")
    events.record(reader.pk, SecurityEvent.Kind.SIGNED_IN)
    _elsewhere(reader, box)
    return reader


def _elsewhere(reader: Reader, box: Mailbox) -> None:
    """What others keep of them."""
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    attempts.failed(request, NAME, "password")
    users = ContentType.objects.get_for_model(User)
    about = {"content_type": users, "object_repr": NAME, "action_flag": CHANGE}
    operator = sign_up("operator2", is_staff=True)
    LogEntry.objects.create(user=operator.user, object_id=str(reader.pk), change_message="", **about)
    others = about | {"object_repr": "x"}
    LogEntry.objects.create(user=reader.user, object_id=str(operator.pk), change_message="", **others)
    TaskResult.objects.create(task_id="1", task_name="mail.sync_account", task_args=f'"({box.account.pk},)"')
    TaskResult.objects.create(task_id="2", task_name="mail.sync_account", task_args=f'"[{box.account.pk}]"')


def where(reader: Reader) -> dict[str, int]:
    """Each place that holds the user's id or name, in whatever column, with how often."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        columns = cursor.fetchall()
        cursor.execute(_USERS)
        references = cursor.fetchall()
        found = {}
        for table, column in references:
            found[f"{table}.{column} =id"] = _count(cursor, table, f'"{column}" = %s', reader.pk)
        for table, column, kind in columns:
            if kind == "bytea":
                continue
            text = f'"{column}"::text ~* %s'
            found[f"{table}.{column}"] = _count(cursor, table, text, rf"\m({reader.pk}|{NAME})\M")
    found |= {f"session {row.pk}": 1 for row in Session.objects.all() if _speaks_of(row, reader)}
    assert len(references) > 15
    assert len(columns) > 200
    return {place: count for place, count in found.items() if count}


def _count(cursor: Any, table: str, condition: str, value: object) -> int:
    cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {condition}', [value])
    return int(cursor.fetchone()[0])


def _speaks_of(row: Session, reader: Reader) -> bool:
    return bool(re.search(rf"\b({reader.pk}|{NAME})\b", repr(row.get_decoded()), re.IGNORECASE))


def leave(client: Client, name: str = NAME, password: str = PASSWORD) -> Any:
    return client.post(PAGE, {"username": name, "password": password})


@pytest.fixture
def browser(dora: Reader) -> Client:
    return sign_in(dora)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The deletions that a worker was rung for."""
    calls: list[int] = []
    monkeypatch.setattr(deleting, "queue", calls.append)
    return calls


def test_afterwards_nothing_of_the_reader_is_in_any_table(
    dora: Reader, browser: Client, bob: Reader, rung: list[int]
) -> None:
    make_emails(bob, make_account(bob).inbox, 3)
    waiting = Client(SERVER_NAME="localhost")
    assert waiting.post("/sign-in/", {"username": NAME, "password": PASSWORD}).status_code == 302
    before = where(dora)
    print(f"before: {sum(before.values())} times in {len(before)} places")
    assert len(before) > 20
    assert sum(place.startswith("session ") for place in before) == 2
    assert leave(browser).status_code == 200
    for _ in range(100):
        if not User.objects.filter(pk=dora.pk).exists():
            break
        remove_rows(rung[-1])
    assert where(dora) == {}
    assert not AccessAttempt.objects.exists()
    assert not AccessFailureLog.objects.exists()
    assert not TaskResult.objects.exists()
    assert not Invitation.objects.exists()
    assert Email.objects.for_user(bob.user).count() == 3
    assert Identity.objects.for_user(bob.user).count() == 1


def test_at_once_nothing_opens_and_nobody_is_signed_in(
    dora: Reader, browser: Client, rung: list[int]
) -> None:
    other = sign_in(dora)
    page = leave(browser).content.decode()
    assert "Everything is unreadable now" in page
    assert NAME not in page
    for model in (Identity, Grant, BackupCode, KnownDevice, Passkey, ReaderSession):
        assert not model.objects.for_user(dora.user).exists(), model
    assert not Authenticator.objects.filter(user=dora.user).exists()
    assert {bytes(row.sealed) for row in ContentKey.objects.for_user(dora.user)} == {MAGIC}
    assert {row.password for row in MailAccount.objects.for_user(dora.user)} == {None}
    for client in (browser, other):
        assert client.get("/").headers["Location"].startswith("/sign-in/")
    assert (
        Client(SERVER_NAME="localhost")
        .post("/sign-in/", {"username": NAME, "password": PASSWORD})
        .status_code
        == 422
    )
    assert len(rung) == 1
    assert Email.objects.for_user(dora.user).count() == 25


def test_what_was_under_way_is_ended(dora: Reader, browser: Client, rung: list[int]) -> None:
    leave(browser)
    states = dict(Transfer.objects.for_user(dora.user).values_list("kind", "error"))
    assert states == {"export": "ended", "delete-user": ""}


@pytest.mark.parametrize(("name", "password"), [("dora", PASSWORD), (NAME, "wrong"), ("", ""), (NAME, "")])
def test_it_asks_the_name_and_the_password(dora: Reader, browser: Client, name: str, password: str) -> None:
    assert leave(browser, name, password).status_code == 422
    assert Identity.objects.for_user(dora.user).exists()
    assert not Transfer.objects.for_user(dora.user).filter(kind="delete-user").exists()


def test_the_page_offers_the_export_before(browser: Client) -> None:
    page = browser.get(PAGE).content.decode()
    assert 'href="/settings/leaving/"' in page
    assert "cannot be undone" in page


def test_a_sync_under_way_stores_nothing_more(dora: Reader, browser: Client, rung: list[int]) -> None:
    fence = MailAccount.objects.for_user(dora.user).get().fence
    leave(browser)
    account = MailAccount.objects.for_user(dora.user).get()
    assert (account.state, account.fence, account.lease_until) == ("paused", fence + 1, None)


def test_asked_twice_it_goes_on(dora: Reader, browser: Client) -> None:
    work = deleting.begin_user(dora.pk)
    assert deleting.begin_user(dora.pk).pk == work.pk


def test_operators_leave_too(operator: Reader, operator_client: Client, rung: list[int]) -> None:
    LogEntry.objects.create(
        user=operator.user, content_type=ContentType.objects.get_for_model(User), action_flag=CHANGE,
        object_id="1", object_repr="x", change_message="",
    )  # fmt: skip
    assert leave(operator_client, "operator").status_code == 200
    while User.objects.filter(pk=operator.pk).exists():
        remove_rows(rung[0])
    assert not LogEntry.objects.exists()


def test_halves_of_sessions_that_wait_for_a_second_factor_open_nothing(
    dora: Reader, browser: Client, rung: list[int]
) -> None:
    waiting = Client(SERVER_NAME="localhost")
    assert waiting.post("/sign-in/", {"username": NAME, "password": PASSWORD}).status_code == 302
    leave(browser)
    answer = waiting.post("/sign-in/code/", {"code": "000000"})
    assert answer.status_code in (302, 422)
    request = RequestFactory().get("/")
    request.session, request.user = waiting.session, AnonymousUser()
    assert not unlocking.is_signed_in(request)


def test_ids_are_of_the_right_tables(dora: Reader) -> None:
    """The reader's id is one that nothing else has by accident."""
    assert dora.pk == 7700123
    assert draw_id(Email) < 7_000_000


@pytest.mark.django_db(transaction=True)
def test_a_form_that_is_sent_twice_begins_one_deletion(alice: Reader) -> None:
    found: list[int] = []

    def begin() -> None:
        try:
            found.append(deleting.begin_user(alice.pk).pk)
        finally:
            connection.close()  # this thread's own

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
