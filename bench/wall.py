"""What row level security costs: `bench/wall.py [--rows 500000]`.

Fills a database with rows of twenty readers, and times the queries of the pages in one reader's name, behind
the wall and, in the same run and in turn, without it (the table's own role unforced). Prints the ratio and
the index; 1 where a query does not walk the one that was made for it.
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
    return 1 if sum([compare(connection, owner, *one) for one in queries(owner, folder)]) else 0


def compare(connection: Any, owner: int, name: str, query: Any, index: str) -> int:
    """One query behind the wall and without it, in turn. 1 where a plan leaves its index."""
    acting_as = import_module("accounts.ownership").acting_as
    times: dict[bool, list[float]] = {True: [], False: []}
    plans: dict[bool, set[str]] = {}
    for round_ in range(2 * ROUNDS):
        walled = round_ % 2 == 0
        force(connection, walled)
        with acting_as(owner):
            plans[walled] = indexes(connection, query)
            began = time.perf_counter()
            list(query.all())
            times[walled].append(1000 * (time.perf_counter() - began))
    behind, without = statistics.median(times[True]), statistics.median(times[False])
    say(
        f"{name}: {behind:.2f} ms behind the wall, {without:.2f} without: {behind / without:.2f}; "
        f"{' and '.join(sorted(plans[True]))}"
    )
    return 0 if plans[True] == plans[False] == {index} else 1


def queries(owner: int, folder: int) -> list[tuple[str, Any, str]]:
    """What the pages ask for: names, queries that are not yet run, and the index that each is to walk."""
    reading = import_module("mail.reading")
    ownership = import_module("accounts.ownership")
    models = import_module("mail.models")
    with ownership.acting_as(owner):
        mine = models.Email.objects.for_user(owner)
        inbox = reading.newest_first(mine.filter(missing_since=None, folder__in=[folder]))
        opened = reading.open_mail(owner, [folder])
        cell = reading.newest_first(opened.filter(urgency=3, importance=3))
        account = models.Folder.objects.for_user(owner).get(pk=folder).account_id
        return [
            ("newest 50 of the inbox", inbox[:50], "email_folder_newest"),
            ("newest 3 of a cell", cell[:3], "email_open"),
            ("counts of nine cells", counted(opened), "email_open"),
            ("one mail by its id", mine.filter(pk=1), "mail_email_pkey"),
            ("mails known by their bytes", mine.filter(account=account, raw_key=bytes(16)), "email_raw"),
        ]


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
