import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import pytest

from mail.demo import dates, parts
from mail.demo.entries import Entry, entries
from mail.demo.letters import Letter, letters

ZONE = ZoneInfo("Europe/Zurich")
MORNING = datetime(2026, 11, 24, 9, 30, tzinfo=ZONE)
SUMMER_NIGHT = datetime(2031, 7, 1, 0, 20, tzinfo=ZONE)
CELLS = {f"u{urgency}i{importance}" for urgency in (1, 2, 3) for importance in (1, 2, 3)}


@pytest.fixture(scope="module", params=[MORNING, SUMMER_NIGHT], ids=["morning", "summer-night"])
def now(request: pytest.FixtureRequest) -> datetime:
    moment: datetime = request.param
    return moment


@pytest.fixture(scope="module")
def rendered(now: datetime) -> list[tuple[Entry, Letter, EmailMessage]]:
    found = letters(now.astimezone(UTC), ZONE)
    return [(entry, letter, parsed(letter)) for entry, letter in zip(entries(), found, strict=True)]


def parsed(letter: Letter) -> EmailMessage:
    message = message_from_bytes(letter.raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def shown_text(message: EmailMessage) -> str:
    texts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join(str(part.get_payload(decode=True), "utf-8", "replace") for part in texts)


def by_id(rendered: list[tuple[Entry, Letter, EmailMessage]], name: str) -> tuple[Letter, EmailMessage]:
    return next((letter, message) for entry, letter, message in rendered if entry.id == name)


def test_the_mailbox_holds_about_a_hundred_mails_in_seven_folders() -> None:
    folders = Counter(entry.folder for entry in entries())
    assert 85 <= folders.total() <= 120
    assert set(folders) == {"INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive", "Projekte/Müller & Söhne"}


def test_a_refill_takes_no_more_than_fifty_mails_out_of_the_inbox() -> None:
    """More than that looks like an accident to whoever syncs the mailbox."""
    assert sum(entry.folder == "INBOX" for entry in entries()) <= 50


def test_ids_are_unique_and_every_answer_has_its_mail() -> None:
    names = Counter(entry.id for entry in entries())
    assert max(names.values()) == 1
    assert {entry.reply_to for entry in entries() if entry.reply_to} <= set(names)


def test_every_cell_is_meant_by_at_least_four_mails_of_the_inbox() -> None:
    cells = Counter(entry.expect for entry in entries() if entry.folder == "INBOX")
    assert set(cells) == CELLS
    assert min(cells.values()) >= 4


def test_only_the_inbox_is_meant_for_cells() -> None:
    assert not [entry.id for entry in entries() if entry.folder != "INBOX" and entry.expect]


def test_german_and_english_lead_and_french_and_italian_follow() -> None:
    langs = Counter(entry.lang for entry in entries())
    assert langs["de"] >= 40
    assert langs["en"] >= 35
    assert langs["fr"] >= 6
    assert langs["it"] >= 4


def test_every_mail_parses_and_only_the_broken_one_has_defects(
    rendered: list[tuple[Entry, Letter, EmailMessage]],
) -> None:
    broken = {
        entry.id
        for entry, _, message in rendered
        if any(part.defects for part in message.walk()) or not message["Date"].datetime
    }
    assert broken == {"broken-head"}
    assert all(shown_text(message).strip() for _, _, message in rendered)


def test_lines_end_as_the_wire_wants_them(rendered: list[tuple[Entry, Letter, EmailMessage]]) -> None:
    for _, letter, _ in rendered:
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", letter.raw)
        assert max(map(len, letter.raw.split(b"\r\n"))) <= 998


def test_no_placeholder_and_no_stale_year_is_left(
    rendered: list[tuple[Entry, Letter, EmailMessage]], now: datetime
) -> None:
    for entry, _, message in rendered:
        shown = f"{message['Subject']}\n{shown_text(message)}"
        assert not re.search(r"\{(today|sent)", shown), entry.id
        years = {int(year) for year in re.findall(r"\b20[2-4]\d\b", shown)}
        assert all(abs(year - now.year) <= 1 for year in years), entry.id


def test_mails_lie_within_forty_days_and_most_within_ten(
    rendered: list[tuple[Entry, Letter, EmailMessage]], now: datetime
) -> None:
    ages = [now - letter.received_at for _, letter, _ in rendered]
    assert timedelta(seconds=-3) <= min(ages)
    assert timedelta(days=30) < max(ages) <= timedelta(days=41)
    assert sum(age < timedelta(days=10) for age in ages) > len(ages) / 2


def test_todays_mails_are_of_today_even_shortly_after_midnight(
    rendered: list[tuple[Entry, Letter, EmailMessage]], now: datetime
) -> None:
    today = [letter.received_at.date() for entry, letter, _ in rendered if "d" not in entry.age]
    assert len(today) > 12
    assert set(today) == {now.date()}


def test_an_answer_is_younger_than_its_mail_and_names_the_whole_thread(
    rendered: list[tuple[Entry, Letter, EmailMessage]],
) -> None:
    ids = {entry.id: message["Message-ID"] for entry, _, message in rendered}
    at = {entry.id: letter.received_at for entry, letter, _ in rendered}
    answers = [(entry, message) for entry, _, message in rendered if entry.reply_to]
    assert len(answers) >= 15
    for entry, message in answers:
        assert at[entry.reply_to] < at[entry.id]
        assert message["In-Reply-To"] == ids[entry.reply_to]
        assert message["References"].split()[-1] == ids[entry.reply_to]
    last = by_id(rendered, "harbour-5")[1]
    assert last["References"].split() == [ids[f"harbour-{number}"] for number in (1, 2, 3, 4)]
    assert "> > > > Good morning Alex" in shown_text(last)


def test_a_deadline_moves_with_the_day_of_filling(
    rendered: list[tuple[Entry, Letter, EmailMessage]], now: datetime
) -> None:
    subject = by_id(rendered, "tax-hearing")[1]["Subject"]
    tomorrow = now.date() + timedelta(days=1)
    assert subject.endswith(f"Frist bis {tomorrow:%d.%m.%Y}")


def test_the_date_header_agrees_with_the_time_of_receipt(
    rendered: list[tuple[Entry, Letter, EmailMessage]],
) -> None:
    for entry, letter, message in rendered:
        if entry.id != "broken-head":
            assert letter.received_at - parsedate_to_datetime(message["Date"]) == timedelta(seconds=2)


def test_message_ids_differ_from_filling_to_filling() -> None:
    first, second = (
        {parsed(letter)["Message-ID"] for letter in letters(moment, ZONE)}
        for moment in (MORNING, SUMMER_NIGHT)
    )
    assert not first & second


def test_the_hard_forms_are_there(rendered: list[tuple[Entry, Letter, EmailMessage]]) -> None:
    assert by_id(rendered, "club")[1].get_param("format") == "flowed"
    assert b" \r\n" in by_id(rendered, "club")[0].raw
    assert by_id(rendered, "parents-evening")[1].get_content_charset() == "iso-8859-1"
    assert "Grüße" in by_id(rendered, "parents-evening")[1].get_content()
    assert b"f\xfcr die Werkstatt" in by_id(rendered, "broken-head")[0].raw
    assert len(by_id(rendered, "certificates")[1]["Subject"]) > 300
    assert len(by_id(rendered, "garden-news")[0].raw) > 20_000


def test_newsletters_look_designed_and_track(rendered: list[tuple[Entry, Letter, EmailMessage]]) -> None:
    tracking = [message for _, _, message in rendered if 'width="1" height="1"' in shown_text(message)]
    assert len(tracking) >= 5
    assert all("<table" in shown_text(message) for message in tracking)
    assert sum("List-Unsubscribe" in message for _, _, message in rendered) >= 6
    hosts = {
        host
        for _, _, message in rendered
        for host in re.findall(r'src="https?://([^/"]+)', shown_text(message))
    }
    assert hosts
    assert all(host.endswith((".example", ".example.org")) for host in hosts)


def test_every_inline_image_is_shown_by_its_page(rendered: list[tuple[Entry, Letter, EmailMessage]]) -> None:
    pages = [(entry, message) for entry, _, message in rendered if entry.inline]
    assert len(pages) >= 2
    for entry, message in pages:
        held = {part["Content-ID"] for part in message.walk() if part["Content-ID"]}
        assert held == {f"<{file['cid']}>" for file in entry.inline}
        assert all(f"cid:{file['cid']}" in shown_text(message) for file in entry.inline)


def test_invitations_carry_their_calendar_entry(rendered: list[tuple[Entry, Letter, EmailMessage]]) -> None:
    methods = Counter(
        part.get_param("method")
        for _, _, message in rendered
        for part in message.walk()
        if part.get_content_type() == "text/calendar"
    )
    assert methods == {"REQUEST": 2, "CANCEL": 1}


def test_flags_are_mixed(rendered: list[tuple[Entry, Letter, EmailMessage]]) -> None:
    counts = Counter(flag for _, letter, _ in rendered for flag in letter.flags)
    assert 20 < counts["\\Seen"] < len(rendered) - 20
    assert min(counts[flag] for flag in ("\\Flagged", "\\Answered", "\\Draft", "$Junk")) >= 2


def test_addresses_and_links_lead_nowhere(rendered: list[tuple[Entry, Letter, EmailMessage]]) -> None:
    for entry, _, message in rendered:
        found = re.findall(r"https?://([\w.-]+)|@([\w.-]+\w)", f"{message.items()} {shown_text(message)}")
        names = {left or right for left, right in found}
        strange = {name for name in names if not re.search(r"\.example(\.(com|net|org))?$", name)}
        assert not {name for name in strange if "." in name}, entry.id


def test_what_a_mail_is_meant_for_is_not_sent(rendered: list[tuple[Entry, Letter, EmailMessage]]) -> None:
    assert not any(
        re.search(rb"u[123]i[123]", letter.raw) for _, letter, _ in rendered if b"base64" not in letter.raw
    )


@pytest.mark.parametrize("age", ["", "3 days", "4d", "d 10:00"])
def test_an_age_of_another_form_is_refused(age: str) -> None:
    with pytest.raises(ValueError, match="no such age"):
        dates.at_age(age, MORNING)


def test_dates_are_written_as_each_language_writes_them() -> None:
    day = MORNING.date()
    forms = ["de_long", "en_long", "fr_long", "it_short", "de_num", "iso"]
    assert [dates.written(day, form) for form in forms] == [
        "Dienstag, 24. November 2026",
        "Tuesday, 24 November 2026",
        "mardi 24 novembre 2026",
        "24 novembre",
        "24.11.2026",
        "2026-11-24",
    ]


def test_a_pdf_points_at_its_own_objects() -> None:
    pdf = parts.pdf(["Rechnung (Kopie)", "Größe 3 m"])
    start = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    offsets = [int(line[:10]) for line in pdf[start:].split(b"\n") if line.endswith(b" n ")]
    assert len(offsets) == 5
    assert all(pdf[at:].startswith(b"%d 0 obj" % number) for number, at in enumerate(offsets, start=1))
    assert rb"Rechnung \(Kopie\)" in pdf
