"""A database that does not answer is a plain page with 503, wherever the request first needed it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from tests.conftest import Reader, sign_in
from tests.mail.factories import make_account, make_email
from tests.servers.dovecot import free_port
from tests.worker import ROOT, environment

#: Asks the WSGI application of a fresh process, whose database is away, for each path on stdin.
PROGRAM = """
import io, json, sys
from django.conf import settings
plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # as in all tests
settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
from mailhelper.wsgi import application

def ask(method, path, cookie):
    told = {}
    def start_response(status, headers, exc_info=None):
        told.update(status=int(status[:3]), headers=dict(headers))
    body = b""
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        "CONTENT_LENGTH": "0", "HTTP_COOKIE": cookie,
    }
    answer = application(environ, start_response)
    body = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    return {**told, "body": body.decode()}

print(json.dumps([ask(*asked) for asked in json.load(sys.stdin)]))
"""

SIGNED_IN = f"{settings.SESSION_COOKIE_NAME}={'a' * 32}; __Host-vault={'A' * 43}="


def answers(folder: Path, asked: list[tuple[str, str, str]], **env: str) -> tuple[list[dict[str, Any]], str]:
    """The answers of the product while nothing listens where its database should be, and its log."""
    dead = f"postgresql://nobody:hunter2hunter2@127.0.0.1:{free_port()}/gone"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(asked),
        env={
            **environment(folder),
            "DJANGO_SETTINGS_MODULE": "mailhelper.settings",
            "DATABASE_URL": dead,
            **env,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("pool", ["0", "1"], ids=["one connection each", "pooled"])
def test_a_database_that_is_away_is_a_plain_503(tmp_path: Path, pool: str, db: None) -> None:
    asked = [
        ("GET", "/", SIGNED_IN),
        ("GET", "/accounts/", SIGNED_IN),
        ("POST", "/lock/", SIGNED_IN),
        ("GET", "/admin/", SIGNED_IN),
    ]
    told, log = answers(tmp_path, asked[: 2 if pool == "1" else 4], DATABASE_POOL=pool)
    for answer, (method, path, _) in zip(told, asked, strict=False):
        assert answer["status"] in ((503,) if method == "GET" else (503, 403)), (method, path)
        if answer["status"] == 503:
            assert_plain(answer)
    assert "hunter2" not in log


def assert_plain(answer: dict[str, Any]) -> None:
    """A page for people: what happened, that nothing is lost, and nothing of the inside."""
    assert "not available right now" in answer["body"]
    assert answer["headers"]["Retry-After"] == "30"
    assert "no-store" in answer["headers"]["Cache-Control"]
    assert not re.search(r"Traceback|psycopg|hunter2|Operational|127\.0\.0\.1", answer["body"])


def test_pages_that_need_no_database_are_there_all_the_same(tmp_path: Path, db: None) -> None:
    (answer,), _ = answers(tmp_path, [("GET", "/sign-in/", "")])
    assert answer["status"] == 200
    assert "no-store" in answer["headers"]["Cache-Control"]


class Failing:
    """Lets so many queries through, and fails as a connection that broke."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.failed = False

    def __call__(self, execute: Any, *rest: Any) -> Any:
        if self.left == 0:
            self.failed = True
            raise OperationalError("the connection to somewhere is closed")
        self.left -= 1
        return execute(*rest)


PAGES = {
    "matrix": ("GET", "/"),
    "inbox": ("GET", "/inbox/"),
    "mail": ("GET", "/mail/{email}/"),
    "html": ("GET", "/mail/{email}/body/"),
    "accounts": ("GET", "/accounts/"),
    "edit": ("GET", "/accounts/{account}/edit/"),
    "pause": ("POST", "/accounts/{account}/pause/"),
    "background": ("POST", "/accounts/background/"),
    "no page": ("GET", "/nothing/here/"),
    "locked": ("GET", "/locked/"),
    "lock": ("POST", "/lock/"),
    "sign-out": ("POST", "/sign-out/"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", PAGES)
def test_a_database_that_goes_away_in_the_middle_is_the_same_503(alice: Reader, name: str) -> None:
    """At every query of the page, the last ones while it is rendered and the session is saved."""
    box = make_account(alice)
    email = make_email(alice, box.inbox)
    method, path = PAGES[name]
    path = path.format(email=email.pk, account=box.account.pk)
    queries = 0
    while True:
        client = sign_in(alice)
        client.raise_request_exception = False
        failing = Failing(queries)
        with connection.execute_wrapper(failing):
            answer = client.generic(method, path, "until=revoked", "application/x-www-form-urlencoded")
        if not failing.failed:
            break
        assert answer.status_code == 503, f"query {queries} of {path}"
        assert_plain({"body": answer.content.decode(), "headers": answer.headers})
        queries += 1
    print(f"{method} {path}: 503 at each of {queries} queries")
    assert answer.status_code < 500
    assert queries or name == "no page"
