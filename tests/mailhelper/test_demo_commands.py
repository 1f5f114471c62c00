"""The demo: its reader can really sign in, and one-time codes are printed nowhere else."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import authenticator, grants, mailboxes
from accounts.models import Grant, MailAccount, User
from mail.demo.password import demo_password
from mailhelper import demoreader
from tests.conftest import Reader


@pytest.fixture
def demo(db: None, settings: Any, tmp_path: Path) -> Path:
    """A demo with a data folder of its own."""
    settings.DEMO, settings.DATA_DIR = True, tmp_path
    return tmp_path / "demo"


def told(*command: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(*command, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def made(port: int) -> dict[str, Any]:
    """The demo reader, and what `bin/run` tells of them."""
    reader = demoreader.ensure(port)
    return {
        "user": reader.user.username,
        "password": reader.password,
        "code": authenticator.code_of(reader.device)[0],
        "totp_secret": reader.secret,
        "account": reader.account,
    }


@pytest.mark.parametrize("command", [["totp_code", "alice"], ["bring_up", "--demo-port", "4199"]])
def test_outside_the_demo_they_are_refused(alice: Reader, settings: Any, command: list[str]) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError) as refused:
        call_command(*command, stdout=io.StringIO())
    assert "\n" not in str(refused.value)
    assert not User.objects.filter(username="demo").exists()


def test_the_code_opens_the_door(demo: Path, alice: Reader) -> None:
    found = told("totp_code", "alice", "--json")
    assert 1 <= found["seconds"] <= 30
    browser = Client(SERVER_NAME="localhost")
    browser.post("/sign-in/", {"username": "alice", "password": alice.password})
    assert browser.post("/sign-in/code/", {"code": found["code"]}).headers["Location"] == "/"


def test_there_is_no_code_for_nobody(demo: Path) -> None:
    with pytest.raises(CommandError, match="No reader 'nobody'"):
        call_command("totp_code", "nobody")


def test_the_demo_reader_signs_in_with_what_is_told(demo: Path) -> None:
    found = made(4199)
    browser = Client(SERVER_NAME="localhost")
    browser.post("/sign-in/", {"username": found["user"], "password": found["password"]})
    assert browser.post("/sign-in/code/", {"code": found["code"]}).headers["Location"] == "/"
    assert browser.get("/accounts/").status_code == 200
    user = User.objects.get(username="demo")
    assert not user.is_staff
    assert not user.is_superuser


def test_a_second_start_finds_the_same_reader_and_account(demo: Path) -> None:
    first = made(4199)
    second = made(4199)
    for name in ("user", "password", "totp_secret", "account"):
        assert first[name] == second[name]


def test_the_account_leads_to_the_demo_mailbox_and_syncs_by_itself(demo: Path) -> None:
    found = made(4199)
    user = User.objects.get(username="demo")
    row = MailAccount.objects.for_user(user).get(pk=found["account"])
    keys = grants.borrow(user.pk)
    assert (keys.open_text(row, "host"), row.port, row.security) == ("127.0.0.1", 4199, "none")
    assert keys.open_text(row, "password") == demo_password(demo)
    assert grants.live(user.pk).get().until == Grant.Until.REVOKED


def test_the_account_follows_the_mailbox_to_another_port(demo: Path) -> None:
    first = made(4199)
    second = made(4200)
    assert second["account"] == first["account"]
    user = User.objects.get(username="demo")
    row = MailAccount.objects.for_user(user).get()
    assert row.port == 4200
    assert grants.borrow(user.pk).open_text(row, "password") == demo_password(demo)


def test_the_password_is_for_its_owner_only(demo: Path) -> None:
    found = made(4199)
    path = demo / "reader_password"
    assert path.read_text().strip() == found["password"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_reader_whose_password_is_lost_is_made_anew(demo: Path) -> None:
    first = made(4199)
    (demo / "reader_password").unlink()
    second = made(4199)
    assert second["password"] != first["password"]
    assert User.objects.filter(username="demo").count() == 1


@pytest.mark.parametrize(("name", "rights"), [("demo", {"is_staff": True}), ("Demo", {})])
def test_somebody_who_signed_up_as_demo_is_left_alone(
    demo: Path, make_reader: Any, name: str, rights: dict[str, bool]
) -> None:
    theirs = make_reader(name, **rights)
    with pytest.raises(demoreader.NotOurs):
        made(4199)
    assert User.objects.get(username=name).pk == theirs.pk


def test_the_first_invitation_is_the_same_until_there_is_an_operator(demo: Path) -> None:
    assert told("invite", "--first", "--json") == told("invite", "--first", "--json") != {"invitation": ""}


def test_an_operator_needs_no_first_invitation(demo: Path, operator: Reader) -> None:
    assert told("invite", "--first", "--json") == {"invitation": ""}


def test_printing_the_reader_shows_no_password(demo: Path) -> None:
    reader = demoreader.ensure(4199)
    assert reader.password not in repr(reader)
    assert mailboxes.Details("a", "b", "c", 1, "tls", "d", "secret!").password not in repr(
        mailboxes.Details("a", "b", "c", 1, "tls", "d", "secret!")
    )
