"""`bin/manage invite`, and the commands that it stands in for."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts import invitations
from accounts.invitations import State
from accounts.models import Invitation
from accounts.sealing import MAGIC
from tests.conftest import Reader

ROOT = Path(__file__).resolve().parents[2]


def invite(*arguments: str) -> str:
    out = io.StringIO()
    call_command("invite", *arguments, stdout=out)
    return out.getvalue().strip()


def state_of(link: str) -> State:
    return invitations.look_up(link.rstrip("/").rpartition("/")[2]).state


def test_it_prints_a_link_that_works(db: None, settings: object) -> None:
    settings.BASE_URL = "https://mail.example.org"
    link = invite("dora@example.org")
    assert link.startswith("https://mail.example.org/sign-up/")
    assert state_of(link) is State.OPEN
    row = Invitation.objects.get()
    assert not row.operator
    assert bytes(row.note).startswith(MAGIC)
    assert invitations.note_of(row) == "dora@example.org"


def test_it_can_make_an_operator(db: None) -> None:
    invite("--operator", "op@example.org")
    assert Invitation.objects.get().operator


@pytest.mark.parametrize("address", ["", "dora", "dora@", "@example.org", "a b@example.org"])
def test_what_is_no_mail_address_is_told_in_one_line(db: None, address: str) -> None:
    with pytest.raises(CommandError) as told:
        invite(address)
    assert "\n" not in str(told.value)
    assert not Invitation.objects.exists()


def test_the_first_operators_link_stays_the_same_until_there_is_an_operator(db: None) -> None:
    first = json.loads(invite("--first", "--json"))["invitation"]
    assert state_of(first) is State.OPEN
    assert json.loads(invite("--first", "--json"))["invitation"] == first
    assert Invitation.objects.get().operator


def test_where_there_is_an_operator_no_first_link_is_made(operator: Reader) -> None:
    assert json.loads(invite("--first", "--json")) == {"invitation": ""}
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("command", ["createsuperuser", "changepassword"])
def test_what_would_break_the_keys_is_refused(command: str) -> None:
    with pytest.raises(CommandError, match="bin/manage invite"):
        call_command(command)


@pytest.mark.parametrize(
    "command", [["createsuperuser", "--noinput", "--username=x"], ["changepassword", "alice"]]
)
def test_on_the_command_line_too_in_one_line(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *command], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "bin/manage invite" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
