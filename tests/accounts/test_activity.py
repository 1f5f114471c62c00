"""The reader's own security events."""

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import events
from accounts.eventtexts import FAILURES, TEXTS
from accounts.models import SecurityEvent
from tests.accounts.conftest import wrong_code_of
from tests.conftest import PASSWORD, Reader, sign_in

PAGE = "/settings/activity/"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 "
    "Safari/605.1.15"
)
Kind = SecurityEvent.Kind


def text_of(client: Client, page: str = PAGE) -> str:
    response = client.get(page)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def note(reader: Reader, *kinds: SecurityEvent.Kind) -> None:
    request = RequestFactory().get("/", headers={"User-Agent": SAFARI}, REMOTE_ADDR="192.0.2.9")
    for kind in kinds:
        events.record(reader.pk, kind, request)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_sentence_of_its_own(kind: SecurityEvent.Kind) -> None:
    text = str(TEXTS[kind])
    assert text.endswith(".")
    assert "!" not in text
    assert [str(one) for one in TEXTS.values()].count(text) == 1


def test_an_event_tells_what_when_and_from_where(alice: Reader, alice_client: Client) -> None:
    note(alice, Kind.PASSWORD_CHANGED)
    text = text_of(alice_client)
    assert str(TEXTS[Kind.PASSWORD_CHANGED]) in text
    assert "Safari on macOS" in text
    assert "IP address 192.0.2.9" in text
    assert "today, " in text


def test_an_event_without_detail_says_so(alice: Reader, alice_client: Client) -> None:
    events.record(alice.pk, Kind.LOCKED)
    assert "no browser or IP address was noted" in text_of(alice_client)


def test_a_failed_sign_in_is_among_the_failures(alice: Reader, visitor: Client) -> None:
    visitor.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    visitor.post("/sign-in/code/", {"code": wrong_code_of(alice)}, headers={"User-Agent": SAFARI})
    note(alice, Kind.SIGNED_IN)
    client = sign_in(alice)
    text = text_of(client, f"{PAGE}?show=failures")
    assert str(TEXTS[Kind.SIGN_IN_FAILED]) in text
    assert str(TEXTS[Kind.SIGNED_IN]) not in text.partition("<main")[2]
    assert all(str(TEXTS[kind]) != str(TEXTS[Kind.SIGNED_IN]) for kind in FAILURES)


def test_no_failures_is_told(alice: Reader, alice_client: Client) -> None:
    assert "No failures." in text_of(alice_client, f"{PAGE}?show=failures")


def test_pages_hold_each_event_once_newest_first(alice: Reader, alice_client: Client) -> None:
    note(alice, *[Kind.UNLOCKED] * 60, *[Kind.SIGN_IN_FAILED] * 61)
    same = timezone.now()
    SecurityEvent.objects.for_user(alice.user).update(at=same)  # of one moment: the id settles it
    assert _walk(alice_client, PAGE) == [50, 50, 21]
    assert _walk(alice_client, f"{PAGE}?show=failures") == [50, 11]


def _walk(client: Client, page: str) -> list[int]:
    """How many events each page shows, going on by "Older"; and back by "Newer" to the first."""
    counts, lines, pages = [], [], [page]
    while page:
        context = client.get(page).context
        counts.append(len(context["lines"]))
        lines += [line.text for line in context["lines"]]
        page = context["page"]["older_url"]
        pages += [page] if page else []
    back = client.get(pages[-1]).context["page"]["newer_url"]
    assert len(client.get(back).context["lines"]) == 50
    return counts


def test_newest_first(alice: Reader, alice_client: Client) -> None:
    note(alice, Kind.SIGNED_IN, Kind.UNLOCKED, Kind.EXPORTED)
    lines = alice_client.get(PAGE).context["lines"]
    assert [str(line.text) for line in lines[:3]] == [
        str(TEXTS[kind]) for kind in (Kind.EXPORTED, Kind.UNLOCKED, Kind.SIGNED_IN)
    ]


@pytest.mark.parametrize("cursor", ["x", "1-", "-1", "1-2-3", "9" * 17 + "-1", "1-" + "9" * 19, "1-１"])
def test_a_cursor_that_makes_no_sense_is_refused(alice_client: Client, cursor: str) -> None:
    assert alice_client.get(PAGE, {"before": cursor}).status_code == 400


def test_the_largest_cursor_is_an_empty_page(alice: Reader, alice_client: Client) -> None:
    assert alice_client.get(PAGE, {"after": "9" * 16 + "-" + "9" * 18}).status_code == 200


def test_events_of_others_are_not_shown(alice: Reader, bob: Reader, alice_client: Client) -> None:
    note(bob, Kind.EXPORTED)
    assert str(TEXTS[Kind.EXPORTED]) not in text_of(alice_client)


def test_an_event_whose_detail_was_moved_tells_no_browser(alice: Reader, alice_client: Client) -> None:
    note(alice, Kind.EXPORTED, Kind.IMPORTED)
    mine = SecurityEvent.objects.for_user(alice.user)
    mine.filter(kind=Kind.EXPORTED).update(detail=mine.get(kind=Kind.IMPORTED).detail)
    assert alice_client.get(PAGE).context["lines"][1].device is None
    assert timezone.now() - mine.get(kind=Kind.EXPORTED).at < timedelta(minutes=1)
