"""Marks go through everything; then everything that is stored is read raw, and holds no mark and no key.

What is read: every table, every session, every key of Valkey, the logs of web process and worker at
LOG_LEVEL=DEBUG, results of tasks, the worker's own folder, and the database's files where they can be read.
Each is looked through plainly and through zlib, zstd, base64, hex, UTF-16 and quoted-printable, in layers.
"""

import hashlib
import io
import json
import logging
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django_celery_results.models import TaskResult

from accounts.checks import our_models
from accounts.fields import KeyedField, ProtectedField
from accounts.models import Grant, MailAccount
from accounts.networks import parse_networks
from mail.models import Email, SyncRun
from mail.views import message
from mailhelper.celery import app
from tests.guards import breaking, canary, stored
from tests.guards.canary import MARKS, Walk
from tests.scanner import Scanner, forms
from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import require_dovecot
from tests.worker import empty_queues, queue, running, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]

#: What is no secret and must be found: a scan that misses it reads nothing.
KNOWN = {("table public.accounts_identity", "public key")}

ANY = "a mark"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What this process logs, as the product is set up to write it, with LOG_LEVEL=DEBUG."""
    root = logging.getLogger()
    (handler,) = [one for one in root.handlers if type(one) is logging.StreamHandler]
    written = io.StringIO()
    before, level = handler.setStream(written), root.level
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    handler.setStream(before)


@pytest.fixture
def server() -> Iterator[Dovecot]:
    """A mailbox whose user and password are marks."""
    require_dovecot()
    with Dovecot({MARKS["mailuser"]: MARKS["mailpassword"]}) as running_server:
        with running_server.mailbox(MARKS["mailuser"]) as box:
            box.create(canary.FOLDER)
            box.append(canary.letters())
            box.append([canary.letters()[0]], canary.FOLDER)
        yield running_server


def server_keys() -> dict[str, bytes]:
    """What this installation keeps in its environment: the database must not hold it."""
    keys = {f"server key {key.id}": key.material for key in settings.GRANT_KEYS}
    return {**keys, "SECRET_KEY": settings.SECRET_KEY.encode()}


def marks() -> dict[str, bytes]:
    return {name: text.encode() for name, text in MARKS.items()}


class Thief:
    """Reads everything and reports what is found where. What did not change is not looked through twice."""

    def __init__(self, walk: Walk, folder: Path, log: io.StringIO) -> None:
        self.walk, self.folder, self.log, self.since = walk, folder, log, canary.now()
        self.read = 0
        self._clean: dict[bytes, set[str]] = {}  # digests of pieces, and what is known not to be in there

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        yield from stored.database()
        yield from stored.sessions()
        yield from stored.results()
        yield from stored.valkey()
        yield from stored.files(self.folder)
        yield "log of the web process", self.log.getvalue().encode()

    def found(self) -> set[tuple[str, str]]:
        """(where, what) of each finding that is not known."""
        secrets = self._secrets()
        hits = {(where, name) for where, data in self.pieces() for name in self._look(data, secrets)}
        assert hits & KNOWN, "the scan did not even find what is known to be there"
        return hits - KNOWN

    def _look(self, data: bytes, secrets: dict[str, bytes]) -> set[str]:
        """The secrets in there. All marks share a word, which is looked for first."""
        clean = self._clean.setdefault(hashlib.sha256(data).digest(), set())
        fresh = {name: secret for name, secret in secrets.items() if name not in clean}
        if not fresh:
            return set()
        self.read += len(data)
        hits = Scanner(fresh).find(data)
        clean |= fresh.keys() - hits
        if ANY in hits:
            hits = hits - {ANY} | Scanner(marks()).find(data)
        return hits

    def _secrets(self) -> dict[str, bytes]:
        secrets = {ANY: canary.TOKEN.encode(), **self.walk.keys(), **server_keys()}
        return {**secrets, "public key": self.walk.public_key()}

    def found_on_disk(self) -> tuple[int, set[tuple[str, str]]]:
        """The number of files, and findings: plainly and encoded only, for these are large."""
        secrets = {ANY: canary.TOKEN.encode(), **self.walk.keys()}
        needles = {name: forms(secret) for name, secret in secrets.items()}
        hits, files = set(), 0
        for where, data in stored.on_disk(self.since):
            files += 1
            hits |= {(where, name) for name, some in needles.items() if any(one in data for one in some)}
        return files, hits


def run_task(name: str, account: int) -> TaskResult:
    """Its result, when the worker is done with it."""
    task = app.send_task(name, args=[account], queue="sync").id
    wait_for(lambda: TaskResult.objects.filter(task_id=task, status__in=("SUCCESS", "FAILURE")).exists())
    return TaskResult.objects.get(task_id=task)


def runs_over(account: MailAccount) -> bool:
    done = SyncRun.objects.for_user(account.owner_id).filter(account=account, error="")
    return done.filter(finished_at__isnull=False).exists()


def fail_tasks(walk: Walk) -> None:
    """With every secret, and every mail, in the exceptions' text."""
    for name, code in ((breaking.WITH_SECRETS, "ValueError"), (breaking.WHILE_STORING, "RuntimeError")):
        result = run_task(name, walk.account.pk)
        assert (result.status, result.task_name) == ("FAILURE", name)
        assert code in str(result.result)


def fail_pages(walk: Walk) -> None:
    """A page that breaks with a mail in the exception's text."""
    email = Email.objects.for_user(walk.user).earliest("uid")
    walk.browser.raise_request_exception = False
    try:
        raise KeyError(MARKS["failure"], MARKS["subject"])
    except KeyError as cause:
        broken = ValueError(f"{MARKS['text']} does not parse")
        broken.__cause__ = cause
    with patch.object(message, "parse", side_effect=broken):
        page = walk.get(f"/mail/{email.pk}/?view=text", 500)
    assert canary.TOKEN.encode() not in page
    walk.browser.raise_request_exception = True


def test_no_mark_and_no_key_is_stored_anywhere(server: Dovecot, log: io.StringIO, tmp_path: Path) -> None:
    networks = f"127.0.0.1/32:{server.port}"
    settings.ALLOWED_MAIL_NETWORKS = parse_networks([networks])
    empty_queues()
    walk = Walk(server.port)
    thief = Thief(walk, tmp_path, log)

    walk.begin_sign_up()
    walk.see_recovery_key()
    assert thief.found() == set(), "while codes and recovery key are shown"
    walk.finish_sign_up()
    walk.use_second_factors()
    walk.add_accounts()
    assert thief.found() == set(), "while a sync waits in the queue"

    with running(tmp_path, networks=networks, include="tests.guards.breaking") as worker:
        fail_tasks(walk)
        walk.edit_account()
        wait_for(lambda: run_task("mail.sync_account", walk.account.pk) and runs_over(walk.account))
        walk.test_accounts()
        walk.see_accounts()
        walk.read_mail()
        walk.damage()
        fail_pages(walk)
        walk.take_along()
        assert thief.found() == set(), "signed in, with a grant"
        walk.lock()
        assert thief.found() == set(), "locked"
        walk.unlock()
        walk.sign_out()
        walk.sign_in()
        walk.post("/accounts/background/", {"stop": "1"})
        walk.sign_out()
        assert b"break_while_storing failed: RuntimeError" in worker.log()
    assert thief.found() == set(), "signed out"
    assert_nothing_is_left_to_open_with(walk)

    files, on_disk = thief.found_on_disk()
    secrets = len(MARKS) + len(walk.keys())
    print(
        f"{secrets} secrets, {len(stored.tables())} tables, {thief.read:,} bytes read, {files} files on disk"
    )
    assert on_disk == set()


def assert_nothing_is_left_to_open_with(walk: Walk) -> None:
    """Signed out and without a grant, no half of a key waits anywhere."""
    assert not Grant.objects.for_user(walk.user).exists()
    for row in Session.objects.all():
        assert not {"half", "waiting", "kept"} & row.get_decoded().keys()


@pytest.fixture
def everything_stored(server: Dovecot, tmp_path: Path) -> Walk:
    """A reader with mail, without a look at what is stored."""
    networks = f"127.0.0.1/32:{server.port}"
    settings.ALLOWED_MAIL_NETWORKS = parse_networks([networks])
    walk = Walk(server.port)
    walk.begin_sign_up()
    walk.see_recovery_key()
    walk.finish_sign_up()
    walk.use_second_factors()
    walk.add_accounts()
    with running(tmp_path, networks=networks):
        wait_for(lambda: run_task("mail.sync_account", walk.account.pk) and runs_over(walk.account))
    return walk


def test_every_protected_value_is_an_envelope_or_a_hash(everything_stored: Walk) -> None:
    envelopes = hashes = 0
    bare = []
    for model in our_models():
        for field in model._meta.fields:
            if not isinstance(field, ProtectedField):
                continue
            values = stored.columns(model._meta.db_table, field.column)
            if isinstance(field, KeyedField):
                assert {len(value) for value in values} <= {16}, field
                hashes += len(values)
            else:
                assert all(value.startswith(b"mh1") for value in values), field
                envelopes += len(values)
            if not values:
                bare.append(f"{model.__name__}.{field.name}")
    print(f"{envelopes} envelopes, {hashes} hashes; no value yet in {', '.join(bare)}")
    assert envelopes > 20
    assert hashes > 10
    later = {"Tag.name", "Tag.name_key", "Rule.name", "Rule.definition", "RuleRun.detail"}
    assert set(bare) <= later | {"MailAccount.token"}  # which has tests of its own


def plant(place: str, data: bytes) -> None:
    """Store it there, as a careless line of code would."""
    if place == "valkey":
        with queue() as server:
            server.set("careless", data)
    elif place == "result":
        TaskResult.objects.create(task_id="careless", result=json.dumps(data.decode("latin-1")))
    elif place == "session":
        Session.objects.create(session_key="c" * 32, session_data=data.hex(), expire_date="2030-01-01T00:00Z")
    elif place == "library's table":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO auth_group (name) VALUES (%s)", [data.hex()])
    else:
        logging.getLogger("mail.sync").info("%s", data)


PLACES = {
    "valkey": "valkey b'careless'",
    "result": "table public.django_celery_results_taskresult",
    "session": "table public.django_session",
    "library's table": "table public.auth_group",
    "log": "log of the web process",
}


def test_what_is_planted_anywhere_is_found(log: io.StringIO, tmp_path: Path) -> None:
    empty_queues()
    walk = Walk(0)
    walk.begin_sign_up()
    thief = Thief(walk, tmp_path, log)
    assert thief.found() == set()
    packed = {"valkey": zlib.compress, "log": b64encode}
    for place, where in PLACES.items():
        plant(place, packed.get(place, bytes)(MARKS["text"].encode()))
        assert (where, "text") in thief.found(), place
    key: Any = walk.keys()["sync key"]
    plant("log", b64encode(b"some " + key))
    assert ("log of the web process", "sync key") in thief.found()
    with queue() as server:
        server.delete("careless")
