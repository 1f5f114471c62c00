"""What row level security costs: `bench/wall.py [--rows 500000]`.

Fills a database with rows of twenty readers, and times the queries of the pages in one reader's name, behind
the wall and, in the same run and in turn, without it (the table's own role unforced). Prints the ratio, and
whether the plan walks the same indexes; 1 where it does not.
"""

import argparse
import os
import re
import statistics
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

from bench.place import own_place
from mailhelper.services import terminal
from mailhelper.services.terminal import say

READERS = 20
ROUNDS = 15

_FILL = (
    """INSERT INTO accounts_user (username, password, language, time_zone, is_active, is_staff, is_superuser,
             date_joined)
       SELECT 'reader' || n, '', 'en', 'UTC', true, false, false, now()
         FROM generate_series(1, %(readers)s) n""",
    """INSERT INTO accounts_mailaccount (owner_id, name, address, host, port, security, username, state,
             error, failures, starts, sync_every, fence, done_after_days, made_at, auth, smtp_security)
       SELECT id, '', '', '', 993, 'tls', '', 'active', '', 0, 0, 300, 0, 30, now(), 'password', 'tls'
         FROM accounts_user""",
    """INSERT INTO mail_folder (owner_id, account_id, name, name_key, role, selectable)
       SELECT owner_id, id, '', decode(md5(id::text), 'hex'), 'inbox', true FROM accounts_mailaccount""",
    "INSERT INTO mail_thread (owner_id, made_at) SELECT id, now() FROM accounts_user",
    "INSERT INTO accounts_contentkey (owner_id, sealed, made_at) SELECT id, '', now() FROM accounts_user",
    """INSERT INTO mail_email (owner_id, account_id, folder_id, thread_id, content_key_id, uidvalidity, uid,
             received_at, size, state, seen, flagged, answered, draft, deleted, has_attachments,
             has_invitation, raw_key, urgency, importance, category, spam, stored_at, head)
       SELECT f.owner_id, f.account_id, f.id, t.id, k.id, 1, n, now() - n * interval '7 minutes', 5000,
              'read', n %% 3 > 0, false, false, false, false, n %% 5 = 0, false, decode(md5(n::text), 'hex'),
              1 + n %% 3, 1 + n / 3 %% 3, 'info', false, now(),
              decode(repeat(md5(n::text), 20), 'hex')
         FROM generate_series(1, %(each)s) n, mail_folder f
         JOIN mail_thread t ON t.owner_id = f.owner_id
         JOIN accounts_contentkey k ON k.owner_id = f.owner_id""",
)


_SCANS = re.compile(r"Scan using (\w+)|Bitmap Index Scan on (\w+)|(Seq Scan on \w+)")


def main(arguments: list[str]) -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(prog="bench/wall.py", description="What row level security costs.")
    parser.add_argument("--rows", type=int, default=500_000, help="mails in the table (500000)")
    rows = parser.parse_args(arguments).rows
    with own_place() as (_, env):
        os.environ |= {**env, "DJANGO_SETTINGS_MODULE": "mailhelper.settings", "DATABASE_POOL": ""}
        django.setup()
        return measure(rows)


def measure(rows: int) -> int:
    """Behind the wall and without it, in turn."""
    connection = import_module("django.db").connection
    import_module("django.core.management").call_command("migrate", verbosity=0)
    say(f"Filling in {rows} mails of {READERS} readers")
    ownership = import_module("accounts.ownership")
    with ownership.acting_as_operator("bench"), connection.cursor() as cursor:
        for statement in _FILL:
            cursor.execute(statement, {"readers": READERS, "each": rows // READERS})
        cursor.execute("SELECT id, owner_id FROM mail_folder ORDER BY id LIMIT 1 OFFSET 7")
        folder, owner = cursor.fetchone()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    wrong = 0
    for name, query in queries(owner, folder).items():
        walls: dict[bool, list[float]] = {True: [], False: []}
        plans: dict[bool, set[str]] = {}
        for round_ in range(2 * ROUNDS):
            walled = round_ % 2 == 0
            force(connection, walled)
            with ownership.acting_as(owner):
                plans[walled] = indexes(connection, query)
                began = time.perf_counter()
                list(query.all())
                walls[walled].append(1000 * (time.perf_counter() - began))
        wrong += plans[True] != plans[False]
        behind, without = statistics.median(walls[True]), statistics.median(walls[False])
        told = "the same indexes" if plans[True] == plans[False] else f"{plans[True]} for {plans[False]}"
        say(f"{name}: {behind:.2f} ms behind the wall, {without:.2f} without: {behind / without:.2f}; {told}")
    return 1 if wrong else 0


def queries(owner: int, folder: int) -> dict[str, Any]:
    """What the pages ask for: named queries, not yet run."""
    reading = import_module("mail.reading")
    ownership = import_module("accounts.ownership")
    models = import_module("mail.models")
    with ownership.acting_as(owner):
        inbox = models.Email.objects.for_user(owner).filter(missing_since=None, folder__in=[folder])
        opened = reading.open_mail(owner, [folder])
        return {
            "newest 50 of the inbox": reading.newest_first(inbox)[:50],
            "newest 3 of a cell": reading.newest_first(opened.filter(urgency=3, importance=3))[:3],
            "counts of nine cells": counted(opened),
            "one mail by its id": models.Email.objects.for_user(owner).filter(pk=1),
            "mails known by their bytes": models.Email.objects.for_user(owner).filter(raw_key=bytes(16)),
        }


def counted(opened: Any) -> Any:
    """The matrix's numbers."""
    count = import_module("django.db.models").Count("id")
    return opened.values_list("urgency", "importance").order_by().annotate(n=count)


def force(connection: Any, walled: bool) -> None:
    """The tables' own role stands behind the wall, or not."""
    word = "FORCE" if walled else "NO FORCE"
    with connection.cursor() as cursor:
        for table in ("mail_email", "mail_folder"):
            cursor.execute(f"ALTER TABLE {table} {word} ROW LEVEL SECURITY")


def indexes(connection: Any, query: Any) -> set[str]:
    """The scans of its plan."""
    plan = query.all().explain()
    return {next(filter(None, found)) for found in _SCANS.findall(plan)}


if __name__ == "__main__":
    terminal.run_main(main)
