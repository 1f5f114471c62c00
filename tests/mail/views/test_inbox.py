"""Lists of mail."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from mail.lists import PAGE
from mail.models import Email
from tests.conftest import Reader
from tests.mail.factories import Mailbox, letter, make_account, make_email, make_emails, make_folder
from tests.mail.views.door import assert_not_for_visitors, assert_only_read


def listed(client: Client, query: str = "") -> list[int]:
    return [row.pk for row in client.get(f"/inbox/{query}").context["page"].rows]


def test_it_is_for_readers_only(alice_client: Client, locked_client: Client, box: Mailbox) -> None:
    assert_not_for_visitors("/inbox/?unread=1", locked_client)
    assert_only_read("/inbox/", alice_client)


def test_it_shows_the_inboxes_of_all_accounts_newest_first(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    now = timezone.now()
    other = make_account(alice, "alice@other.example")
    old = make_email(alice, box.inbox, received_at=now - timedelta(days=2))
    new = make_email(alice, other.inbox, received_at=now - timedelta(hours=2))
    make_email(alice, box.folder("sent"))
    assert listed(alice_client) == [new.pk, old.pk]
    assert [row.account for row in alice_client.get("/inbox/").context["page"].rows] == [
        "alice@other.example",
        "alice@example.org",
    ]


def test_a_row_tells_who_what_and_when(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    raw = letter("Shall we meet?\n", subject="Grüße <b>", sender="Łukasz & Söhne <l@example.net>")
    make_email(alice, box.inbox, raw, urgency=3, importance=3, flagged=True)
    page = alice_client.get("/inbox/")
    (row,) = page.context["page"].rows
    assert (row.sender, row.subject, row.preview) == ("Łukasz & Söhne", "Grüße <b>", "Shall we meet?")
    assert (row.colour, row.when, row.unread, row.flagged) == ("red", "1 h", True, True)
    assert "Grüße &lt;b&gt;" in page.content.decode()


def test_sent_mail_names_whom_it_went_to_and_has_no_colour(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    make_email(
        alice, box.folder("sent"), letter(to="Jonas Frei <jonas@example.net>"), urgency=3, importance=3
    )
    (row,) = alice_client.get(f"/inbox/?folder={box.folder('sent').pk}").context["page"].rows
    assert (row.sender, row.colour) == ("To Jonas Frei", "")


def test_it_filters_by_account_folder_unread_and_cell(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    other = make_account(alice, "alice@other.example")
    elsewhere = make_email(alice, other.inbox, seen=True)
    filed = make_email(alice, box.folder("archive"))
    pressing = make_email(alice, box.inbox, urgency=3, importance=2, seen=True)
    unread = make_email(alice, box.inbox, urgency=1, importance=2)
    assert listed(alice_client, f"?account={other.account.pk}") == [elsewhere.pk]
    assert listed(alice_client, f"?folder={box.folder('archive').pk}") == [filed.pk]
    assert listed(alice_client, f"?account={box.account.pk}&folder={box.folder('archive').pk}") == [filed.pk]
    assert listed(alice_client, "?unread=1") == [unread.pk]
    assert listed(alice_client, "?urgency=3&importance=2") == [pressing.pk]
    assert sorted(listed(alice_client, "?importance=2")) == [pressing.pk, unread.pk]
    assert b"of normal weight" in alice_client.get("/inbox/?importance=2").content


def test_a_cell_lists_open_mail_only(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    make_email(alice, box.inbox, urgency=3, importance=3, done_at=timezone.now())
    make_email(alice, box.inbox, urgency=3, importance=3, spam=True)
    still = make_email(alice, box.inbox, urgency=3, importance=3)
    assert listed(alice_client, "?urgency=3&importance=3") == [still.pk]
    assert len(listed(alice_client)) == 3


def test_mail_that_is_gone_from_the_server_is_not_listed(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    make_email(alice, box.inbox, missing_since=timezone.now())
    assert listed(alice_client) == []


def test_others_mail_accounts_and_folders_are_not_there(
    alice: Reader, charlie_client: Client, box: Mailbox
) -> None:
    make_email(alice, box.inbox)
    assert listed(charlie_client) == []
    assert charlie_client.get(f"/inbox/?account={box.account.pk}").status_code == 404
    assert charlie_client.get(f"/inbox/?folder={box.inbox.pk}").status_code == 404


def test_a_folder_of_another_account_is_not_found(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    other = make_account(alice, "alice@other.example")
    assert alice_client.get(f"/inbox/?account={other.account.pk}&folder={box.inbox.pk}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        *("account=x", "account=1.5", "account=%D9%A1", "folder=-3", "folder=" + "9" * 30, "unread=yes"),
        *("urgency=0", "urgency=4", "importance=9999", "urgency=1%00", "importance=[]"),
        *("before=x", "before=1", "before=-", "before=1-", "before=1-2-3", "before=1-x", "before=%00"),
        *("before=999999999999999999-1", "after=-999999999999999999-1", "after=" + "1" * 500),
    ],
)
def test_nonsense_is_answered_with_400_and_a_page(alice_client: Client, box: Mailbox, query: str) -> None:
    response = alice_client.get(f"/inbox/?{query}")
    assert response.status_code == 400
    assert b"was not understood" in response.content


def test_empty_filters_are_none(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    mail = make_email(alice, box.inbox)
    assert listed(alice_client, "?account=&folder=&unread=&urgency=&importance=&before=") == [mail.pk]


def test_pages_follow_one_another_without_gap_or_double(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    same = datetime(2026, 11, 1, tzinfo=UTC)
    made = [make_email(alice, box.inbox, received_at=same).pk for _ in range(3)]
    made += [mail.pk for mail in make_emails(alice, box.inbox, 2 * PAGE)]
    seen, url, urls = [], "/inbox/?unread=1", []
    while url:
        page = alice_client.get(url).context["page"]
        seen.append([row.pk for row in page.rows])
        urls.append(page.newer_url)
        url = page.older_url
    assert [len(pks) for pks in seen] == [PAGE, PAGE, 3]
    assert sorted(chain.from_iterable(seen)) == sorted(made)
    assert seen[2] == sorted(made[:3], reverse=True)
    back = alice_client.get(urls[2]).context["page"]
    assert [row.pk for row in back.rows] == seen[1]
    assert "unread=1" in urls[2]
    first = alice_client.get(back.newer_url).context["page"]
    assert ([row.pk for row in first.rows], first.newer_url) == (seen[0], "")


def test_a_mail_that_comes_in_between_shifts_nothing(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    make_emails(alice, box.inbox, PAGE + 1)
    older = alice_client.get("/inbox/").context["page"].older_url
    expected = listed(alice_client, older.removeprefix("/inbox/"))
    make_email(alice, box.inbox, received_at=timezone.now())
    assert listed(alice_client, older.removeprefix("/inbox/")) == expected


def test_htmx_is_given_the_next_rows_alone(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    make_emails(alice, box.inbox, PAGE + 2)
    older = alice_client.get("/inbox/").context["page"].older_url
    part = alice_client.get(older, headers={"HX-Request": "true"})
    assert part.content.count(b'class="row ') == 2
    assert b"<html" not in part.content
    assert "no-store" in part.headers["Cache-Control"]


def test_counts_above_the_list_stop_at_a_thousand(
    alice: Reader, alice_client: Client, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_emails(alice, box.inbox, 12)
    assert alice_client.get("/inbox/").context["open"] == {"n": 12, "more": False}
    monkeypatch.setattr("mail.views.inbox.COUNT_TO", 5)
    assert alice_client.get("/inbox/").context["open"] == {"n": 5, "more": True}


def test_a_damaged_head_is_a_row_that_says_so(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    one, other = make_emails(alice, box.inbox, 2)
    Email.objects.for_user(alice.user).filter(pk=one.pk).update(head=other.head)
    assert b"This mail does not open" in alice_client.get("/inbox/").content


def test_a_damaged_folder_name_spoils_no_page(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    folder = make_folder(alice, box.account, "Private")
    folder.name = box.inbox.name
    folder.save()
    assert alice_client.get("/inbox/").status_code == 200


def test_empty_lists_say_what_will_be_here(alice_client: Client, alice: Reader) -> None:
    assert b"No mailbox yet" in alice_client.get("/inbox/").content
    make_account(alice)
    assert b"No mail here" in alice_client.get("/inbox/").content
    assert b"All is read" in alice_client.get("/inbox/?unread=1").content


def test_it_costs_the_same_for_ten_and_fifty(
    alice: Reader, alice_client: Client, box: Mailbox, count_queries: Callable[[], Any]
) -> None:
    make_emails(alice, box.inbox, 10)
    with count_queries() as ten:
        alice_client.get("/inbox/")
    for _ in range(4):
        make_emails(alice, box.inbox, 10)
    for name in ("A", "B", "C"):
        make_folder(alice, box.account, name)
    with count_queries() as fifty:
        assert len(alice_client.get("/inbox/").context["page"].rows) == 50
    assert len(fifty) == len(ten)
    asked = [one["sql"] for one in ten.captured_queries if one["sql"].startswith("SELECT")]
    assert len(asked) <= 16
