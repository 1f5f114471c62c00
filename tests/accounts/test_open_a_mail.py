"""No lock-in: a dump by pg_dump, and the script of the docs, give the mail back by the password alone."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from mailhelper.services import places
from mailhelper.services.postgres import PACKAGE
from tests.conftest import PASSWORD, Reader
from tests.mail.factories import make_account, make_email

SCRIPT = Path(__file__).parents[2] / "docs" / "open_a_mail.py"
OURS = {"accounts", "mail", "tags", "rules", "mailhelper", "django"}
RAW = b"From: bob@example.net\r\nSubject: Dump\r\n\r\nBytes of all kinds: \x00\xff\t\\.\r\n\\N\r\n"


def dump(to: Path, **more: str) -> None:
    """As docs/running.md tells it, as the ordinary role."""
    given: dict[str, Any] = connection.get_connection_params()
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "DATABASE"}
    env = {f"PG{variable}": str(given[name]) for name, variable in names.items() if given.get(name)}
    program = places.package(PACKAGE) / "pginstall18" / "bin" / "pg_dump"
    command = [str(program), "--enable-row-security", "--file", str(to)]
    subprocess.run(command, check=True, env={**os.environ, **env, **more}, capture_output=True)


def ask(*arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", str(SCRIPT), *arguments]
    return subprocess.run(command, input=password.encode() + b"\n", capture_output=True, check=False)


@pytest.mark.django_db(transaction=True)
def test_a_dump_and_the_password_give_the_mail_back(alice: Reader, bob: Reader, tmp_path: Path) -> None:
    emails = [make_email(alice, make_account(alice).inbox, RAW) for _ in range(2)]
    make_email(bob, make_account(bob).inbox, b"Subject: of bob\r\n\r\n")
    file = tmp_path / "dump.sql"
    dump(file, PGOPTIONS="-c app.all=on")
    listed = ask(str(file), "Alice").stdout.decode()
    assert [line.split()[0] for line in listed.splitlines()] == [str(email.pk) for email in emails]
    opened = ask(str(file), "alice", str(emails[1].pk))
    assert opened.stdout == RAW, opened.stderr.decode()
    refused = ask(str(file), "alice", str(emails[1].pk), password="wrong horse battery staple")
    assert refused.returncode != 0
    assert refused.stdout == b""


@pytest.mark.django_db(transaction=True)
def test_a_dump_in_nobodys_name_holds_no_mail(alice: Reader, tmp_path: Path) -> None:
    """Without app.all the wall stands before pg_dump too: a backup must be made as the docs say."""
    make_email(alice, make_account(alice).inbox, RAW)
    file = tmp_path / "dump.sql"
    dump(file)
    assert ask(str(file), "alice").stdout.strip() == b""


def test_the_script_is_short_and_imports_nothing_of_ours() -> None:
    statements = [node for node in ast.walk(ast.parse(SCRIPT.read_text())) if isinstance(node, ast.stmt)]
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert not {str(name).split(".")[0] for name in names} & OURS
    assert len(statements) - len(imports) <= 40
