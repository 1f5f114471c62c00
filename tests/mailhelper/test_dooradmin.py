"""Invitations, lockouts and counts of events in Django's admin."""

import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import attempts, events, invitations
from accounts.invitations import State
from accounts.models import Invitation, SecurityEvent
from tests.conftest import PASSWORD, Reader

LIST = "/admin/accounts/invitation/"
LOCKOUTS = "/admin/axes/accessattempt/"
EVENTS = "/admin/accounts/securityevent/"
STATES = (State.OPEN, State.USED, State.EXPIRED, State.REVOKED)


def link_on(page: str) -> str:
    found = re.search(rf"{re.escape(settings.BASE_URL)}(/sign-up/[^/]+/)", page)
    return found[1] if found else ""


@pytest.fixture
def visitor() -> Client:
    return Client(SERVER_NAME="localhost")


@pytest.fixture
def each() -> dict[State, Invitation]:
    """One invitation in each state."""
    now = timezone.now()
    rows = {state: invitations.make(f"{state.value}@example.org") for state in STATES}
    Invitation.objects.filter(pk=rows[State.USED].pk).update(used_at=now)
    Invitation.objects.filter(pk=rows[State.REVOKED].pk).update(revoked_at=now)
    Invitation.objects.filter(pk=rows[State.EXPIRED].pk).update(expires_at=now - timedelta(seconds=1))
    return rows


def test_a_new_invitation_shows_its_link_which_works(operator_client: Client, visitor: Client) -> None:
    made = operator_client.post(LIST + "add/", {"for_whom": "dora@example.org"}, follow=True)
    path = link_on(made.content.decode())
    assert "dora@example.org" in made.content.decode()
    assert visitor.get(path).status_code == 200
    row = Invitation.objects.get()
    assert not row.operator
    assert invitations.note_of(row) == "dora@example.org"
    again = operator_client.get(reverse("admin:accounts_invitation_change", args=[row.pk]))
    assert link_on(again.content.decode()) == path


def test_an_operators_invitation_makes_operators(operator_client: Client) -> None:
    operator_client.post(LIST + "add/", {"for_whom": "erik", "operator": "on"})
    assert Invitation.objects.get().operator


def test_an_invitation_for_nobody_is_not_made(operator_client: Client) -> None:
    assert operator_client.post(LIST + "add/", {"for_whom": " "}).status_code == 200
    assert not Invitation.objects.exists()


def test_neither_note_nor_link_is_in_the_log_of_the_admin(operator_client: Client) -> None:
    operator_client.post(LIST + "add/", {"for_whom": "dora@example.org"})
    row = Invitation.objects.get()
    operator_client.post(reverse("admin:accounts_invitation_revoke", args=[row.pk]))
    entries = LogEntry.objects.all()
    assert len(entries) == 2
    text = " ".join(f"{entry.object_repr} {entry.change_message}" for entry in entries)
    assert "dora" not in text
    assert invitations.token_of(row) not in text


@pytest.mark.parametrize("state", STATES)
def test_states_are_told_apart(operator_client: Client, each: dict[State, Invitation], state: State) -> None:
    page = operator_client.get(LIST, {"state": state.value}).content.decode()
    for other, row in each.items():
        assert (invitations.note_of(row) in page) == (other is state)
    assert f'<td class="field-state">{state.value}</td>' in page
    own = operator_client.get(reverse("admin:accounts_invitation_change", args=[each[state].pk]))
    assert bool(link_on(own.content.decode())) == (state is State.OPEN)
    assert ('value="Revoke"' in own.content.decode()) == (state is State.OPEN)


def test_a_revoked_invitation_makes_nobody(
    operator_client: Client, visitor: Client, each: dict[State, Invitation]
) -> None:
    row = each[State.OPEN]
    path = reverse("admin:accounts_invitation_revoke", args=[row.pk])
    assert "1 invitation was revoked" in operator_client.post(path, follow=True).content.decode()
    assert visitor.get(f"/sign-up/{invitations.token_of(row)}/").status_code == 410
    assert "Nothing was revoked" in operator_client.post(path, follow=True).content.decode()


def test_only_open_ones_of_those_chosen_are_revoked(
    operator_client: Client, each: dict[State, Invitation]
) -> None:
    values = {"action": "revoke_chosen", "_selected_action": [row.pk for row in each.values()]}
    assert "1 invitation was revoked" in operator_client.post(LIST, values, follow=True).content.decode()
    now = {state: invitations.state_of(Invitation.objects.get(pk=row.pk)) for state, row in each.items()}
    assert now == {state: State.REVOKED if state is State.OPEN else state for state in each}


def test_a_reader_revokes_nothing(alice_client: Client, each: dict[State, Invitation]) -> None:
    row = each[State.OPEN]
    path = reverse("admin:accounts_invitation_revoke", args=[row.pk])
    assert alice_client.post(path).status_code == 403
    assert invitations.state_of(Invitation.objects.get(pk=row.pk)) is State.OPEN


def lock_out(browser: Client, name: str) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        browser.post("/sign-in/", {"username": name, "password": "wrong" * 4})


def test_operators_see_lockouts_and_lift_them(
    operator_client: Client, visitor: Client, alice: Reader
) -> None:
    lock_out(visitor, "alice")
    page = operator_client.get(LOCKOUTS).content.decode()
    assert "alice" in page
    assert "127.0.0.1" in page
    row = AccessAttempt.objects.get()
    assert attempts.locked_until(row) is not None
    values = {"action": "lift", "_selected_action": [row.pk]}
    assert "are forgotten" in operator_client.post(LOCKOUTS, values, follow=True).content.decode()
    assert not AccessAttempt.objects.exists()
    assert not AccessFailureLog.objects.exists()


def test_names_that_nobody_has_are_shown_to_nobody(operator_client: Client, visitor: Client) -> None:
    """They may be passwords, typed into the wrong field."""
    visitor.post("/sign-in/", {"username": "hunter2-typed-here", "password": PASSWORD})
    page = operator_client.get(LOCKOUTS).content.decode()
    assert "a name that nobody has" in page
    assert "hunter2" not in page


def test_events_are_counted_by_kind_and_day_without_names(operator_client: Client, alice: Reader) -> None:
    for _ in range(3):
        events.record(alice.pk, SecurityEvent.Kind.SIGN_IN_FAILED)
    page = operator_client.get(EVENTS).content.decode()
    label = SecurityEvent.Kind.SIGN_IN_FAILED.label
    assert re.search(rf"<td>{label}</td><td>3</td>", page)
    assert "alice" not in page


def test_no_event_has_a_page_of_its_own(operator_client: Client, alice: Reader) -> None:
    events.record(alice.pk, SecurityEvent.Kind.SIGNED_IN)
    pk = SecurityEvent.objects.for_user(alice.user).latest("pk").pk
    for path in (f"{EVENTS}{pk}/change/", f"{EVENTS}{pk}/history/", f"{EVENTS}{pk}/delete/"):
        assert operator_client.get(path).status_code == 403
