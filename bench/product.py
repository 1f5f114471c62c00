"""Our side: a reader with keys and a grant, an account, and a real worker that syncs it."""

import random
import secrets
import time
from collections.abc import Iterator

import zstandard
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts import grants, keyring
from accounts.ids import draw_id
from accounts.keyring import Vault
from accounts.models import Grant, Identity, MailAccount, User
from accounts.ownership import acting_as
from bench.mailbox import PASSWORD, USER
from bench.taken import Taken, Watch, family
from mail.models import Email, SyncRun
from mail.tasks import sync_account
from mailhelper.services.errors import ServiceError
from mailhelper.services.household import Household
from tests.servers.dovecot import Dovecot

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
PATIENCE = 600  # seconds for one sync

_POLL = 0.002  # seconds
_CELERY = ("-m", "celery", "--app", "mailhelper.celery:app")
_WORKER = ("worker", "--queues", "sync", "--concurrency", "1", "--without-gossip", "--without-mingle")
_EMPTY = """
    TRUNCATE mail_email, mail_message, mail_messageref, mail_thread, mail_folder, mail_syncrun,
             accounts_contentkey, accounts_mailaccount RESTART IDENTITY CASCADE
"""


class Product:
    """One reader with one account on `server`, and the worker. Use as a context: it stops the worker."""

    name = "ours"

    def __init__(self, server: Dovecot, household: Household) -> None:
        _check_durable()
        self._server = server
        self._password = secrets.token_urlsafe(24)
        self._vault = self._sign_up()
        self._account = 0
        self._worker = _start_worker(household)

    def empty(self) -> None:
        """Forget all mail: another account on the same mailbox, never synced."""
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY)
        row = MailAccount(owner_id=self._vault.owner, port=self._server.port, security="none")
        row.pk = self._account = draw_id(MailAccount)
        values = {
            "name": "Reader Example",
            "address": f"{USER}@example.org",
            "host": self._server.host,
            "username": USER,
            "password": PASSWORD,
        }
        for name, value in values.items():
            setattr(row, name, self._vault.seal_secret(row, name, value.encode()))
        with acting_as(row.owner_id):
            row.save(force_insert=True)

    def sync(self) -> Taken:
        """From the queue to the last commit. Raises ServiceError where it fails."""
        before = self._ended()
        watch = Watch(family(self._worker))
        sync_account.delay(self._account)
        end = time.monotonic() + PATIENCE
        while self._ended() == before:
            if time.monotonic() > end:
                raise ServiceError(f"Our sync did not end within {PATIENCE} seconds.")
            time.sleep(_POLL)
        taken = watch.stop()
        with acting_as(self._vault.owner):
            run = self._runs().latest("pk")
        if run.error or run.unreadable:
            raise ServiceError(f"Our sync ended with {run.error!r}, {run.unreadable} mails unreadable.")
        self._wait_for_lease()
        return taken

    def count(self) -> int:
        """How many mails are stored."""
        with acting_as(self._vault.owner):
            return self._emails().count()

    def opened(self, how_many: int) -> Iterator[tuple[int, bytes]]:
        """UIDs and bytes of random mails, opened with nothing but the reader's password."""
        with acting_as(self._vault.owner):
            yield from self._opened(how_many)

    def _opened(self, how_many: int) -> Iterator[tuple[int, bytes]]:
        identity = Identity.objects.for_user(self._vault.owner).get()
        vault = keyring.unlock(identity, keyring.password_key(identity, self._password))
        emails = self._emails().select_related("message").order_by("uid")
        uids = random.sample(list(emails.values_list("uid", flat=True)), how_many)
        for email in emails.filter(uid__in=uids):
            yield email.uid, zstandard.decompress(vault.open(email.message, "raw"))

    def _sign_up(self) -> Vault:
        user = User.objects.create(username="reader", password=make_password(self._password), is_active=True)
        identity, vault = keyring.make(user.pk, self._password)
        identity.enrolled_at = timezone.now()
        with acting_as(user):
            identity.save(force_insert=True)
            grants.give(vault, Grant.Until.REVOKED)
        return vault

    def _emails(self) -> QuerySet[Email]:
        return Email.objects.for_user(self._vault.owner).filter(account=self._account, missing_since=None)

    def _runs(self) -> QuerySet[SyncRun]:
        return SyncRun.objects.for_user(self._vault.owner).filter(account=self._account)

    def _wait_for_lease(self) -> None:
        """The worker puts the account down after its last commit; the next sync may only begin then."""
        while self._is_held():
            time.sleep(_POLL)

    def _is_held(self) -> bool:
        with acting_as(self._vault.owner):
            mine = MailAccount.objects.for_user(self._vault.owner).filter(pk=self._account)
            return mine.filter(lease_until__isnull=False).exists()

    def _ended(self) -> int:
        with acting_as(self._vault.owner):
            return self._runs().filter(finished_at__isnull=False).count()


def _start_worker(household: Household) -> int:
    child = household.start("worker", [*_CELERY, *_WORKER, "--loglevel", "INFO"])
    household.wait_until("worker", lambda: b" ready." in child.log.read_bytes()[child.began_at :], 60)
    return child.popen.pid


def _check_durable() -> None:
    """Figures of a database that may lose what it committed are worth nothing."""
    with connection.cursor() as cursor:
        for name in DURABLE:
            cursor.execute(f"SHOW {name}")
            if cursor.fetchone() != ("on",):
                raise ServiceError(f"{name} is not on: the figures would be worth nothing.")
