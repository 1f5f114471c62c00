"""`bin/manage privacy_check`: quiet where everything is as declared, loud at each kind of leak."""

import base64
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.db import connection
from django_celery_results.models import TaskResult

from accounts import grants, sealing, serverkeys
from accounts.checks import our_models
from accounts.models import Grant, MailAccount
from mail.models import Email, Folder
from mailhelper.privacy import columns, everyday, libraries
from tests.conftest import Reader, sign_in
from tests.mail.factories import make_account, make_email


@pytest.fixture(autouse=True)
def place_of_its_own(tmp_path: Path, settings: Any) -> None:
    """Files and a cache that nobody else writes to."""
    (tmp_path / "log").mkdir()
    settings.DATA_DIR = tmp_path
    settings.REDIS_URL = re.sub(r"/\d+$", "/13", settings.REDIS_URL)


@pytest.fixture
def filled(alice: Reader, bob: Reader) -> Reader:
    """Stored mail, a session, a lent key."""
    for reader in (alice, bob):
        make_email(reader, make_account(reader).inbox)
    sign_in(alice)
    grants.give(alice.vault, Grant.Until.REVOKED)
    return alice


def check(*options: str) -> str:
    out = io.StringIO()
    call_command("privacy_check", *options, stdout=out)
    return out.getvalue()


def problems(*options: str) -> list[str]:
    out = io.StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("privacy_check", *options, stdout=out)
    assert refusal.value.returncode == 1
    lines = out.getvalue().splitlines()
    return [line.removeprefix("PROBLEM: ") for line in lines if line.startswith("PROBLEM: ")]


def test_every_column_says_how_it_is_kept(db: None) -> None:
    table = check()
    assert "mail_email" in table
    assert "axes_accessattempt" in table
    assert f"{len(columns.declared())} columns, all as declared." in table


def test_reasons_name_only_columns_that_there_are(db: None) -> None:
    there = {(column.table, column.name) for column in columns.declared()}
    assert len(there) == len(columns.declared()) > 300
    labels = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert set(libraries.REASONS) <= labels


def test_a_column_without_a_reason_fails(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(libraries.REASONS["sessions.Session"], "session_data")
    monkeypatch.delitem(MailAccount.PLAIN, "port")
    assert problems() == [
        "accounts_mailaccount.port does not say how it is kept",
        "django_session.session_data does not say how it is kept",
    ]


def test_a_table_that_no_model_knows_fails(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (id int, body text)")
        cursor.execute("ALTER TABLE mail_email ADD COLUMN subject text")
        cursor.execute("CREATE SCHEMA aside")
        cursor.execute("CREATE MATERIALIZED VIEW aside.names AS SELECT username FROM accounts_user")
    found = problems()
    assert "notes.body is in the database and known to no model" in found
    assert "mail_email.subject is in the database and known to no model" in found
    assert "aside.names.username is in the database and known to no model" in found
    assert len(found) == 4


def test_a_filled_installation_is_as_declared(filled: Reader) -> None:
    told = check("--live")
    assert "1 readers have lent their sync key" in told
    assert "accounts_mailaccount.host: 1 values open, as declared" in told
    assert "accounts_grant.wrapped: 2 of 2 open, as declared" in told
    assert "1 hold half of a key" in told


def test_nothing_that_was_read_is_told(filled: Reader) -> None:
    assert "imap.example.org" not in check("--live")


def in_the_clear(reader: Reader) -> None:
    Folder.objects.for_user(reader.user).update(name=b"Invoices of the year")


def in_an_envelopes_dress(reader: Reader) -> None:
    Email.objects.for_user(reader.user).update(head=b"mh1\0\0\0\0\0\0\0\1Subject: Your invoice of November")


def a_short_digest(reader: Reader) -> None:
    Email.objects.for_user(reader.user).update(raw_key=b"12345678")


def mail_under_the_server_key(reader: Reader) -> None:
    for email in Email.objects.for_user(reader.user):
        place = sealing.Place("server", email.owner_id, "mail.email", "head", email.pk)
        email.head = serverkeys.seal(settings.GRANT_KEYS, b"{}", place)
        email.save(update_fields=["head"])


def mail_under_the_sync_key(reader: Reader) -> None:
    for email in Email.objects.for_user(reader.user):
        email.head = reader.vault.seal_secret(email, "head", b"{}")
        email.save(update_fields=["head"])


def an_address_in_a_log(reader: Reader) -> None:
    (Path(settings.DATA_DIR) / "log" / "web.log").write_text("fine\nfetched mail of alice@example.org\n")


def a_key_in_a_log(reader: Reader) -> None:
    log = Path(settings.DATA_DIR) / "log" / "worker.log"
    log.write_text(f"key {settings.GRANT_KEYS[0].material.hex()}\n")


def an_open_file(reader: Reader) -> None:
    path = Path(settings.DATA_DIR) / "grant_keys"
    path.write_text("1:x")
    os.chmod(path, 0o644)


def a_result_with_words(reader: Reader) -> None:
    TaskResult.objects.create(task_id="x", result='"Dear Alice, your invoice is attached – thank you"')


def a_short_result_with_words(reader: Reader) -> None:
    TaskResult.objects.create(task_id="x", result='"Invoice of November"')


def an_address_in_a_plain_column(reader: Reader) -> None:
    MailAccount.objects.for_user(reader.user).update(error="carol@example.org")


def an_address_in_a_column_of_a_library(reader: Reader) -> None:
    LogEntry.objects.create(user=reader.user, action_flag=1, change_message="to carol@example.org")


def an_address_in_a_forgotten_file(reader: Reader) -> None:
    place = Path(settings.DATA_DIR) / "exports" / "old"
    place.mkdir(parents=True)
    (place / "mail.eml").write_text("From: carol@example.org\n\nHello\n")


def a_session_with_an_address(reader: Reader) -> None:
    session = sign_in(reader).session
    session["draft"] = "to carol@example.org"
    session.save()


@pytest.mark.parametrize(
    ("leak", "told"),
    [
        (in_the_clear, "mail_folder.name: 1 values are in the clear"),
        (in_an_envelopes_dress, "mail_email.head: 1 values are in the clear"),
        (a_short_digest, "mail_email.raw_key: 1 values are in the clear"),
        (mail_under_the_server_key, "mail_email.head: 1 of 2 open, and should not"),
        (mail_under_the_sync_key, "mail_email.head: 1 values open with a lent key, and should not"),
        (an_address_in_a_log, "file log/web.log holds what looks like a mail address (1 times)"),
        (a_key_in_a_log, "file log/worker.log holds a secret of the environment (1 times)"),
        (an_open_file, "grant_keys can be read by others"),
        (a_result_with_words, "1 results hold more than ids, counts and error codes"),
        (a_short_result_with_words, "1 results hold more than ids, counts and error codes"),
        (an_address_in_a_plain_column, "accounts_mailaccount.error: 1 values look like mail addresses"),
        (
            an_address_in_a_column_of_a_library,
            "django_admin_log.change_message: 1 values look like mail addresses",
        ),
        (
            an_address_in_a_forgotten_file,
            "file exports/old/mail.eml holds what looks like a mail address (1 times)",
        ),
        (a_session_with_an_address, "a session holds a mail address"),
    ],
)
def test_each_kind_of_leak_is_found(filled: Reader, leak: Callable[[Reader], None], told: str) -> None:
    leak(filled)
    assert problems("--live") == [told]


def test_what_celery_says_of_itself_is_no_leak(filled: Reader) -> None:
    killed = '{"exc_type": "WorkerLostError", "exc_message": ["Worker exited prematurely: signal 9"], '
    TaskResult.objects.create(task_id="x", result=killed + '"exc_module": "billiard.exceptions"}')
    TaskResult.objects.create(task_id="y", task_args='"[1]"', result='{"sessions": 0, "locked": 2}')
    assert "all as declared" in check("--live")


def test_looking_changes_nothing(filled: Reader) -> None:
    check("--live")
    assert set(Grant.objects.for_user(filled.user).values_list("last_used_at", flat=True)) == {None}


def test_a_message_in_the_queue_is_read_too(filled: Reader) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        body = base64.b64encode(b'[["to carol@example.org"], {}, {}]').decode()
        server.lpush("left-over", json.dumps({"body": body, "properties": {"body_encoding": "base64"}}))
        try:
            found = problems("--live")
            assert "the cache's left-over holds what looks like a mail address (1 times)" in found
        finally:
            server.delete("left-over")


def test_what_lies_in_the_cache_is_read_too(filled: Reader) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.set("draft:1", "to carol@example.org", ex=60)
        try:
            assert "the cache's draft holds what looks like a mail address (1 times)" in problems("--live")
        finally:
            server.delete("draft:1")


# --- the reader's page ---


def test_the_page_counts_every_column_of_ours(alice: Reader) -> None:
    ours = {model._meta.db_table for model in our_models()}
    plain = [column for column in columns.declared() if column.table in ours and column.kept == "plain"]
    assert sum(group.columns for group in everyday.plain()) >= len(plain)
    page = sign_in(alice).get("/settings/privacy/").content.decode()
    assert "What this server can read" in page
    assert "No key is lent to the workers" in page or "A key is lent" in page


def test_the_page_says_when_a_key_is_lent(alice: Reader) -> None:
    browser = sign_in(alice)
    Grant.objects.for_user(alice.user).delete()
    grants.give(alice.vault, Grant.Until.REVOKED)
    assert "A key is lent to the workers" in browser.get("/settings/privacy/").content.decode()
