"""The first page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import MailAccount
from mail.models import Email, SyncRun
from mail.pipeline import Contribution, Verdict
from tests.conftest import Reader
from tests.mail.factories import Mailbox, letter, make_account, make_email, make_emails
from tests.mail.views.door import assert_not_for_visitors, assert_only_read


def cells(client: Client, query: str = "") -> dict[tuple[int, int], Any]:
    found = client.get(f"/{query}").context["matrix"].cells
    return {(cell.urgency, cell.importance): cell for cell in found}


def counts(client: Client, query: str = "") -> dict[tuple[int, int], int]:
    return {place: cell.count for place, cell in cells(client, query).items() if cell.count}


def test_it_is_for_readers_only(alice_client: Client, locked_client: Client, box: Mailbox) -> None:
    assert_not_for_visitors("/", locked_client)
    assert_only_read("/", alice_client)


def test_it_has_nine_cells_the_urgent_on_top_and_the_important_on_the_right(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    for urgency in (1, 2, 3):
        for importance in (1, 2, 3):
            make_email(
                alice,
                box.inbox,
                letter(subject=f"At {urgency} {importance}"),
                urgency=urgency,
                importance=importance,
            )
    response = alice_client.get("/")
    shown = [
        (cell.urgency, cell.importance, cell.mails[0].subject) for cell in response.context["matrix"].cells
    ]
    assert shown == [(u, i, f"At {u} {i}") for u in (3, 2, 1) for i in (1, 2, 3)]
    assert [cell.colour for cell in response.context["matrix"].cells] == [
        *("amber", "red", "red"),
        *("amber", "amber", "amber"),
        *("green", "green", "amber"),
    ]


def test_a_cell_shows_three_mails_and_counts_the_rest(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    make_emails(alice, box.inbox, 5, urgency=2, importance=3)
    cell = cells(alice_client)[2, 3]
    assert (cell.count, len(cell.mails), cell.more) == (5, 3, 2)
    assert [row.subject for row in cell.mails] == ["Letter 0", "Letter 1", "Letter 2"]


def test_a_cell_leads_to_its_list(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    mail = make_email(alice, box.inbox, urgency=3, importance=2)
    make_email(alice, box.inbox, urgency=3, importance=1)
    cell = cells(alice_client)[3, 2]
    assert [row.pk for row in alice_client.get(cell.url).context["page"].rows] == [mail.pk]
    page = alice_client.get("/").content.decode()
    assert f'href="{cell.url.replace("&", "&amp;")}"' in page


@pytest.mark.parametrize(
    "columns", [{"done_at": timezone.now()}, {"missing_since": timezone.now()}, {"spam": True}]
)
def test_done_gone_and_spam_are_not_open(
    alice: Reader, alice_client: Client, box: Mailbox, columns: dict[str, Any]
) -> None:
    make_email(alice, box.inbox, urgency=3, importance=3, **columns)
    assert counts(alice_client) == {}


def test_only_inboxes_enter(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    for role in ("sent", "archive", "junk"):
        make_email(alice, box.folder(role), urgency=3, importance=3)
    assert counts(alice_client) == {}


def test_one_account_can_be_looked_at_alone(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    other = make_account(alice, "alice@other.example")
    make_email(alice, box.inbox, urgency=3, importance=3)
    make_email(alice, other.inbox, urgency=1, importance=1)
    assert counts(alice_client) == {(3, 3): 1, (1, 1): 1}
    assert counts(alice_client, f"?account={other.account.pk}") == {(1, 1): 1}


def test_others_accounts_and_mails_are_not_there(alice: Reader, charlie_client: Client, box: Mailbox) -> None:
    make_email(alice, box.inbox, urgency=3, importance=3)
    assert counts(charlie_client) == {}
    assert charlie_client.get(f"/?account={box.account.pk}").status_code == 404


@pytest.mark.parametrize(
    "query", ["?account=x", "?account=-1", "?account=1'--", "?account=" + "9" * 40, "?account=%00"]
)
def test_nonsense_is_answered_with_400(alice_client: Client, box: Mailbox, query: str) -> None:
    assert alice_client.get(f"/{query}").status_code == 400


def test_what_presses_comes_first_in_its_cell(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    due = Verdict(
        3, 3, "action", False, (Contribution("urgency", "deadline-near", 5.0, "by tomorrow"),), tomorrow
    )
    make_email(
        alice, box.inbox, letter(subject="Due"), verdict=due, received_at=timezone.now() - timedelta(days=3)
    )
    make_emails(alice, box.inbox, 3, urgency=3, importance=3)
    assert cells(alice_client)[3, 3].mails[0].subject == "Due"
    assert cells(alice_client)[3, 3].mails[0].pressing


def test_the_summary_tells_deadlines(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    now = timezone.now()
    for days in (1, 2, 9):
        end = (now + timedelta(days=days)).replace(hour=23, minute=59)
        make_email(alice, box.inbox, verdict=Verdict(2, 2, deadline=end))
    page = alice_client.get("/")
    assert (page.context["matrix"].open, page.context["matrix"].pressing) == (3, 2)
    assert page.context["matrix"].next_deadline == "tomorrow"


def test_a_deadline_that_passed_is_overdue_and_an_appointment_that_passed_is_none(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    past = timezone.now() - timedelta(days=2)
    missed = Verdict(3, 2, "action", False, (Contribution("urgency", "deadline-near", 5.0),), past)
    make_email(alice, box.inbox, letter(subject="Bill"), verdict=missed)
    make_email(alice, box.inbox, letter(subject="Concert"), verdict=Verdict(3, 2, deadline=past))
    when = {row.subject: row.when for row in cells(alice_client)[3, 2].mails}
    assert when == {"Bill": "overdue", "Concert": "1 h"}


def test_a_damaged_head_spoils_no_page(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    one = make_email(alice, box.inbox, urgency=3, importance=3)
    other = make_email(alice, box.inbox, letter(subject="Whole"), urgency=3, importance=3)
    Email.objects.for_user(alice.user).filter(pk=one.pk).update(head=other.head)
    subjects = {row.subject for row in cells(alice_client)[3, 3].mails}
    assert subjects == {"Whole", "This mail does not open"}


def test_without_an_account_it_says_how_to_begin(alice_client: Client) -> None:
    page = alice_client.get("/")
    assert b"No mailbox yet" in page.content
    assert b"/accounts/add/" in page.content


def test_the_first_sync_shows_how_far_it_is(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    SyncRun.objects.for_user(alice.user).create(
        owner=alice.user, account=box.account, wanted=200, stored=40, matched=10
    )
    page = alice_client.get("/")
    (run,) = page.context["runs"]
    assert (run.done, run.total, run.first) == (50, 200, True)
    assert b"50 of 200" in page.content


def test_an_account_that_needs_the_reader_says_so(alice: Reader, alice_client: Client) -> None:
    make_account(alice, "alice@stopped.example", state=MailAccount.State.ATTENTION, error="login-refused")
    assert b"alice@stopped.example.</b>" in alice_client.get("/").content


def test_it_costs_the_same_for_ten_and_a_hundred(
    alice: Reader, alice_client: Client, box: Mailbox, count_queries: Callable[[], Any]
) -> None:
    def fill(count: int) -> None:
        for urgency in (1, 2, 3):
            make_emails(alice, box.inbox, count, urgency=urgency, importance=urgency)

    fill(4)
    with count_queries() as few:
        alice_client.get("/")
    fill(30)
    make_account(alice, "alice@third.example", roles=["sent", "trash"])
    with count_queries() as many:
        alice_client.get("/")
    assert len(many) == len(few)


def test_a_language_changes_the_words_of_time(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    alice.user.language = "de"
    alice.user.save()
    make_email(alice, box.inbox, received_at=datetime(2025, 3, 4, tzinfo=UTC), urgency=1, importance=1)
    assert cells(alice_client)[1, 1].mails[0].when == "Mär 2025"
