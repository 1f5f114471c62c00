"""The second wall, looked at from outside Django: plain SQL over a connection like the web's own."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from psycopg_pool import ConnectionPool

from accounts.ownership import Owned
from accounts.rowsecurity import POLICY
from tests.conftest import Reader, sign_in
from tests.mail.factories import make_account, make_email

pytestmark = pytest.mark.django_db(transaction=True)

OWNED = sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, Owned))


@pytest.fixture
def web() -> Iterator[psycopg.Connection[Any]]:
    """The web's role, and nothing set."""
    given = connection.get_connection_params()
    wanted = {name: given[name] for name in ("host", "port", "user", "password", "dbname") if given.get(name)}
    with psycopg.connect(**wanted) as raw:
        yield raw


@pytest.fixture
def filled(alice: Reader, bob: Reader) -> None:
    for reader in (alice, bob):
        make_email(reader, make_account(reader).inbox)
        sign_in(reader)


def owners(raw: psycopg.Connection[Any], table: str) -> set[int]:
    return {row[0] for row in raw.execute(f"SELECT DISTINCT owner_id FROM {table}")}


def act_as(raw: psycopg.Connection[Any], reader: Reader) -> None:
    raw.execute("SELECT set_config('app.owner', %s, true)", [str(reader.pk)])


def test_every_owned_table_has_the_wall(web: psycopg.Connection[Any]) -> None:
    rows = web.execute(
        """SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, count(p.polname),
                  min(p.polcmd::text), bool_and(p.polpermissive),
                  bool_and(pg_get_expr(p.polqual, c.oid) ~ 'owner_id' AND p.polwithcheck IS NULL)
             FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
            WHERE c.relkind = 'r' AND c.relname = ANY(%s) GROUP BY c.oid""",
        [OWNED],
    ).fetchall()
    assert {row[0]: row[1:] for row in rows} == {table: (True, 1, "*", True, True) for table in OWNED}
    print(f"{len(OWNED)} owned tables stand behind the wall")
    assert len(OWNED) >= 19


def test_the_policy_is_the_declared_one(web: psycopg.Connection[Any]) -> None:
    """PostgreSQL writes an expression in its own way: the declared one is written by it too, and compared."""
    web.execute("CREATE TEMPORARY TABLE declared (owner_id bigint)")
    web.execute(f"CREATE POLICY owned ON declared USING ({POLICY})")
    written = "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = %s::regclass"
    wanted = web.execute(written, ["declared"]).fetchone()
    assert {table: web.execute(written, [table]).fetchone() for table in OWNED} == dict.fromkeys(
        OWNED, wanted
    )


def test_the_role_is_an_ordinary_one(web: psycopg.Connection[Any]) -> None:
    names = "rolsuper, rolbypassrls, rolcreaterole, rolreplication"
    row = web.execute(f"SELECT {names} FROM pg_roles WHERE rolname = current_user").fetchone()
    assert row == (False, False, False, False)


@pytest.mark.usefixtures("filled")
def test_with_nobody_set_every_owned_table_is_empty(web: psycopg.Connection[Any]) -> None:
    assert {table: owners(web, table) for table in OWNED} == {table: set() for table in OWNED}


@pytest.mark.usefixtures("filled")
def test_with_alice_set_bobs_rows_are_not_there(
    web: psycopg.Connection[Any], alice: Reader, bob: Reader
) -> None:
    act_as(web, alice)
    seen = {table: owners(web, table) for table in OWNED}
    assert set.union(*seen.values()) == {alice.pk}
    assert sum(bool(found) for found in seen.values()) >= 8
    count = "SELECT count(*) FROM mail_email"
    assert web.execute(f"{count} WHERE owner_id = {bob.pk}").fetchone() == (0,)
    assert web.execute(f"{count} e JOIN accounts_user u ON u.id = e.owner_id").fetchone() == (1,)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mail_email SET seen = true WHERE owner_id = {bob}",
        "DELETE FROM mail_messageref WHERE owner_id = {bob}",
        "DELETE FROM accounts_mailaccount WHERE owner_id = {bob}",
        "UPDATE accounts_identity SET salt = ''",
    ],
)
def test_bobs_rows_cannot_be_changed(
    web: psycopg.Connection[Any], alice: Reader, bob: Reader, statement: str
) -> None:
    act_as(web, alice)
    changed = web.execute(statement.format(bob=bob.pk)).rowcount
    assert changed == (1 if "salt" in statement else 0), "alice's own identity, and no other"


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO accounts_contentkey (owner_id, sealed, made_at) VALUES ({bob}, '', now())",
        "UPDATE mail_email SET owner_id = {bob}",
    ],
)
def test_nothing_can_be_given_to_bob(
    web: psycopg.Connection[Any], alice: Reader, bob: Reader, statement: str
) -> None:
    act_as(web, alice)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(statement.format(bob=bob.pk))


@pytest.mark.usefixtures("filled")
def test_the_name_ends_with_its_transaction(web: psycopg.Connection[Any], alice: Reader) -> None:
    act_as(web, alice)
    assert owners(web, "mail_email") == {alice.pk}
    web.commit()
    assert owners(web, "mail_email") == set()


@pytest.mark.usefixtures("filled")
def test_a_name_set_outside_a_transaction_means_nothing(web: psycopg.Connection[Any], alice: Reader) -> None:
    web.autocommit = True
    act_as(web, alice)
    assert owners(web, "mail_email") == set()


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("ends", ["commits", "fails"])
def test_a_connection_goes_back_to_the_pool_without_a_name(alice: Reader, ends: str) -> None:
    """The web's one connection serves alice, then nobody: a transaction that broke leaves no name either."""
    given = connection.get_connection_params()
    params = {name: given[name] for name in ("host", "port", "user", "password", "dbname") if given.get(name)}
    with ConnectionPool(kwargs=params, min_size=1, max_size=1) as pool:
        with suppress(psycopg.errors.DivisionByZero), pool.connection() as first:
            act_as(first, alice)
            assert owners(first, "mail_email") == {alice.pk}
            if ends == "fails":
                first.execute("SELECT 1 / 0")
        with pool.connection() as again:
            assert again is first
            assert owners(again, "mail_email") == set()
            row = again.execute("SELECT current_setting('app.owner', true)").fetchone()
            assert row in ((None,), ("",))


@pytest.mark.usefixtures("filled")
def test_operators_work_sees_everybody(web: psycopg.Connection[Any], alice: Reader, bob: Reader) -> None:
    web.execute("SELECT set_config('app.all', 'on', true)")
    assert owners(web, "mail_email") == {alice.pk, bob.pk}
