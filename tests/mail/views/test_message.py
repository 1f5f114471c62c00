"""The page of one mail."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from mail.models import Email, Message
from mail.pipeline import Contribution, Verdict
from tests.conftest import Reader
from tests.mail.factories import Mailbox, letter, make_account, make_email, make_emails
from tests.mail.views.door import assert_guarded, assert_only_read

HTML = '<p>Good <b>morning</b></p><img src="https://pixel.example/a.png">'


def page(client: Client, email: Email, query: str = "") -> str:
    response = client.get(f"/mail/{email.pk}/{query}")
    assert response.status_code == 200
    return response.content.decode()


def context(client: Client, email: Email, query: str = "") -> Any:
    return client.get(f"/mail/{email.pk}/{query}").context


def test_it_belongs_to_its_owner(
    alice: Reader, alice_client: Client, charlie_client: Client, locked_client: Client, box: Mailbox
) -> None:
    path = f"/mail/{make_email(alice, box.inbox).pk}/"
    assert_guarded(path, charlie_client, locked_client)
    assert_only_read(path, alice_client)


def test_a_mail_that_is_not_there_is_not_found(alice_client: Client) -> None:
    assert alice_client.get("/mail/999999/").status_code == 404
    assert alice_client.get("/mail/" + "9" * 60 + "/").status_code == 404


def test_it_tells_who_wrote_what_to_whom(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    raw = letter("Hello\n", subject="About <us>", to="Alice <ALICE@example.org>, bob@example.net")
    shown = page(alice_client, make_email(alice, box.inbox, raw))
    assert "About &lt;us&gt;" in shown
    assert "erika@example.net" in shown
    assert "to me via alice@example.org" in shown
    assert "Mon 23 Nov, 09:30" in shown


def test_html_is_shown_in_a_sandboxed_frame_by_default(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    email = make_email(alice, box.inbox, letter(html=HTML))
    shown = page(alice_client, email)
    assert f'src="/mail/{email.pk}/body/"' in shown
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    assert "allow-same-origin" not in shown
    assert "allow-scripts" not in shown
    assert "<b>morning</b>" not in shown


def test_plain_mail_is_shown_as_text(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    email = make_email(
        alice, box.inbox, letter("See <script>alert(1)</script> https://example.net/a?b=1&c=2.\n")
    )
    shown = page(alice_client, email)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert 'href="https://example.net/a?b=1&amp;c=2"' in shown
    assert not context(alice_client, email)["has_html"]


def test_each_view_can_be_asked_for(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    email = make_email(alice, box.inbox, letter("As text\n", html=HTML))
    assert context(alice_client, email, "?view=text")["text"].strip() == "As text"
    assert context(alice_client, email, "?view=html")["view"] == "html"
    assert "Content-Type: multipart/alternative" in context(alice_client, email, "?view=source")["source"]
    assert "<iframe" not in page(alice_client, email, "?view=source")
    for view in ("text", "html", "source"):
        assert context(alice_client, email, f"?view={view}")["has_html"]


@pytest.mark.parametrize("query", ["?view=raw", "?view=%00", "?account=x", "?urgency=7"])
def test_nonsense_is_answered_with_400(alice: Reader, alice_client: Client, box: Mailbox, query: str) -> None:
    assert alice_client.get(f"/mail/{make_email(alice, box.inbox).pk}/{query}").status_code == 400


def test_it_counts_what_was_kept_from_loading(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    html = HTML + '<img src="https://t.example/x" width="1" height="1">'
    email = make_email(alice, box.inbox, letter(html=html))
    blocked = context(alice_client, email)["blocked"]
    assert (blocked.images, blocked.trackers) == (1, 1)
    assert set(blocked.hosts) == {"pixel.example", "t.example"}
    assert "The sender does not learn that you read this." in page(alice_client, email)


def test_html_that_costs_too_much_is_refused_and_its_text_shown(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    email = make_email(alice, box.inbox, letter("The text\n", html="<div>" * 5000))
    found = context(alice_client, email)
    assert (found["view"], found["html_refused"], found["has_html"]) == ("text", True, False)
    assert "too large or too deep" in page(alice_client, email)


def test_why_shows_the_reasons_on_both_sides_of_zero(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    reasons = (
        Contribution("urgency", "deadline-near", 5.0, "by <tomorrow>"),
        Contribution("urgency", "automatic", -0.5, ""),
        Contribution("importance", "contract", 1.0, "Vertrag"),
    )
    verdict = Verdict(3, 3, "action", False, reasons, timezone.now() + timedelta(days=1))
    email = make_email(alice, box.inbox, verdict=verdict)
    groups = context(alice_client, email)["why"].groups
    assert [(str(one.title), one.level, [r.shown for r in one.reasons]) for one in groups] == [
        ("Urgency", 3, ["+5", "−0.5"]),
        ("Importance", 3, ["+1"]),
    ]
    shown = page(alice_client, email)
    assert "Why red?" in shown
    assert "by &lt;tomorrow&gt;" in shown
    assert "bar-minus" in shown
    assert "bar-plus" in shown


def test_why_of_spam_is_why_it_is_spam(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    verdict = Verdict(1, 1, "archive", True, (Contribution("spam", "filter", 1.2),))
    email = make_email(alice, box.inbox, verdict=verdict)
    assert [str(one.title) for one in context(alice_client, email)["why"].groups] == ["Spam"]
    assert "Why spam?" in page(alice_client, email)


def test_sent_mail_has_no_verdict(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    assert context(alice_client, make_email(alice, box.folder("sent")))["why"] is None


def test_an_unknown_reason_is_shown_by_its_code(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    verdict = Verdict(2, 2, contributions=(Contribution("urgency", "reason-of-tomorrow", 1.0),))
    assert "reason-of-tomorrow" in page(alice_client, make_email(alice, box.inbox, verdict=verdict))


def test_a_mail_out_of_bounds_shows_its_source_only(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    email = make_email(alice, box.inbox, b"Subject: deep\r\n\r\nbody", state=Email.State.OPAQUE)
    for query in ("", "?view=text", "?view=html"):
        assert context(alice_client, email, query)["view"] == "source"
    assert "was not taken apart" in page(alice_client, email)


def test_a_mail_over_the_limit_shows_its_head_only(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    email = make_email(alice, box.inbox, letter(subject="Huge"), state=Email.State.CUT)
    shown = page(alice_client, email)
    assert "Huge" in shown
    assert "over the limit of this server" in shown
    assert "Good morning" not in shown


def test_a_text_from_another_row_does_not_open(
    alice: Reader, alice_client: Client, box: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = make_emails(alice, box.inbox, 2)
    raw = Message.objects.for_user(alice.user).get(pk=other.pk).raw
    Message.objects.for_user(alice.user).filter(pk=one.pk).update(raw=raw)
    with caplog.at_level(logging.ERROR):
        shown = page(alice_client, one)
    assert "The text of this mail does not open" in shown
    assert "Good morning" not in shown
    assert f"mail.Message {one.pk} does not open" in caplog.text
    assert "Letter" not in caplog.text


def test_a_head_from_another_row_does_not_open(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    one, other = make_emails(alice, box.inbox, 2)
    Email.objects.for_user(alice.user).filter(pk=one.pk).update(head=other.head)
    shown = page(alice_client, one)
    assert "The head of this mail does not open" in shown
    assert "Letter 1" not in shown


def test_a_mail_without_its_text_says_so(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    email = make_email(alice, box.inbox)
    Message.objects.for_user(alice.user).filter(pk=email.pk).delete()
    assert "The text of this mail does not open" in page(alice_client, email)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0\0\0",
        b"Subject: \0x\r\n\r\nA\0B",
        b"Content-Type: text/plain; charset=x-unheard-of\r\n\r\nGr\xfc\xdfe",
        b"Subject: =?utf-7?q?+2AA-?=\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>unclosed",
        b"From: <<<>>>\r\nDate: yesterday\r\n\r\n",
    ],
)
def test_broken_mail_is_shown_as_far_as_it_goes(
    alice: Reader, alice_client: Client, box: Mailbox, raw: bytes
) -> None:
    email = make_email(alice, box.inbox, raw or b"\r\n")
    for view in ("", "?view=text", "?view=html", "?view=source"):
        page(alice_client, email, view)


def test_an_unknown_charset_is_read_as_well_as_can_be(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    raw = b"Content-Type: text/plain; charset=x-unheard-of\r\n\r\nGr\xfc\xdfe"
    assert "Grüße" in page(alice_client, make_email(alice, box.inbox, raw))


def test_attachments_are_listed_and_inline_images_are_not(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    raw = (
        b"Content-Type: multipart/related; boundary=b\r\n\r\n"
        b'--b\r\nContent-Type: text/html\r\n\r\n<p><img src="cid:logo"></p>\r\n'
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n\r\n\x89PNG\r\n\x1a\n\r\n"
        b"--b\r\nContent-Type: application/pdf\r\n"
        b'Content-Disposition: attachment; filename="bill.pdf"\r\n\r\n%PDF\r\n'
        b"--b--\r\n"
    )
    email = make_email(alice, box.inbox, raw)
    assert [part.name for part in context(alice_client, email)["mail"]["attachments"]] == ["bill.pdf"]
    assert f"/mail/{email.pk}/parts/2/" in page(alice_client, email)


def test_neighbours_are_those_of_the_list_it_was_opened_from(
    alice: Reader, alice_client: Client, box: Mailbox
) -> None:
    new, middle, old = make_emails(alice, box.inbox, 3, seen=False)
    make_email(alice, box.folder("archive"), received_at=middle.received_at)
    found = context(alice_client, middle)
    assert (found["newer_url"], found["older_url"]) == (f"/mail/{new.pk}/", f"/mail/{old.pk}/")
    assert context(alice_client, new)["newer_url"] == ""
    assert context(alice_client, old)["older_url"] == ""
    Email.objects.for_user(alice.user).filter(pk=old.pk).update(seen=True)
    kept = context(alice_client, middle, "?unread=1")
    assert (kept["newer_url"], kept["older_url"]) == (f"/mail/{new.pk}/?unread=1", "")
    assert kept["back"]["url"] == "/inbox/?unread=1"


def test_the_way_back_leads_to_its_folder(alice: Reader, alice_client: Client, box: Mailbox) -> None:
    email = make_email(alice, box.folder("archive"))
    back = context(alice_client, email)["back"]
    assert back == {
        "url": f"/inbox/?account={box.account.pk}&folder={box.folder('archive').pk}",
        "title": "Archive",
    }


def test_a_list_of_somebody_else_is_no_way_back(
    alice: Reader, charlie: Reader, charlie_client: Client, box: Mailbox
) -> None:
    make_emails(alice, box.inbox, 2)
    mine = make_email(charlie, make_account(charlie).inbox)
    found = context(charlie_client, mine, f"?account={box.account.pk}")
    assert (found["newer_url"], found["older_url"]) == ("", "")
    assert "alice" not in found["back"]["title"]


def test_it_costs_the_same_in_a_large_folder(
    alice: Reader, alice_client: Client, box: Mailbox, count_queries: Callable[[], Any]
) -> None:
    email = make_emails(alice, box.inbox, 5)[2]
    with count_queries() as few:
        page(alice_client, email)
    make_emails(alice, box.inbox, 60)
    with count_queries() as many:
        page(alice_client, email)
    assert len(many) == len(few)
