"""Each detector, German and English: what it says of a mail, by the codes it gives."""

from typing import Any

import pytest

from mail.triage import recipients, requests, spam, topics
from mail.triage.verdict import Detector
from tests.mail.triage.writing import ALICE, codes, reader_at, reading


def said(detector: Detector, text: str, subject: str = "", **others: Any) -> set[str]:
    """The codes that a detector gives."""
    return codes(detector(reading(text, subject, **others), reader_at()))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Könntest du mir die Zahlen schicken?", "request"),
        ("Bitte schicken Sie uns das Formular.", "request"),
        ("Bitte antworten Sie nicht auf diese Mail. Bitte beachten Sie die Hinweise.", ""),
        ("Bitte beachten Sie die Hinweise. Bitte füllen Sie das Formular aus.", "request"),
        ("Stimmt das so?", "question"),
        ("Haben Sie Fragen?", ""),
        ("Alles ist erledigt.", ""),
        ("Could you take a look", "request"),
        ("Please do not reply to this message.", ""),
        ("Please find the minutes enclosed.", ""),
        ("Is the old layout still in use?", "question"),
        ("See http://other.example/?page=2 for more.", ""),
        ("Wasn't you?", ""),
        ("Pourriez-vous m'envoyer le devis ?", "request"),
        ("Mi può mandare una versione rivista?", "request"),
    ],
)
def test_a_request_is_told_from_a_question_and_from_politeness(text: str, code: str) -> None:
    assert said(requests.asked, text) == ({code} if code else set())


def test_an_invitation_waits_for_an_answer_and_an_answer_does_not() -> None:
    calendar = {"content-class": "urn:content-classes:calendarmessage"}
    assert said(requests.asked, "Going?", "Invitation: Review", headers=calendar) == {"invitation"}
    assert said(requests.asked, "See attachment", "Review", has_invitation=True) == {"invitation"}
    assert said(requests.asked, "", "Accepted: Review", headers=calendar) == {"calendar-answer"}
    assert said(requests.asked, "", "Zugesagt: Sitzung", headers=calendar) == {"calendar-answer"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Das ist dringend.", {"urgent"}),
        ("Das ist nicht dringend.", set()),
        ("Dringend, aber es hat keine Eile.", set()),
        ("I need it immediately.", {"urgent"}),
        ("This is not urgent.", set()),
        ("No rush, but not urgent either way; as soon as possible is fine.", set()),
        ("C'est urgent.", {"urgent"}),
        ("È urgente.", {"urgent"}),
        ("Ich stehe unten vor der Türe.", {"waiting"}),
        ("I am waiting outside.", {"waiting"}),
        ("Siamo qui e non risponde nessuno.", {"waiting"}),
        ("604118 is your sign-in code", {"code"}),
        ("Ihr Einmalcode lautet 604118", {"code"}),
        ("Falls Sie das nicht waren, melden Sie sich umgehend.", set()),
    ],
)
def test_urgent_words_press_unless_taken_back(text: str, expected: set[str]) -> None:
    assert said(requests.pressed, text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Es hat keine Eile.", "no-hurry"),
        ("No rush at all.", "no-hurry"),
        ("Rien ne presse.", "no-hurry"),
        ("Senza fretta.", "no-hurry"),
        ("Sie müssen nichts unternehmen.", "nothing-asked"),
        ("There is nothing left for you to do.", "nothing-asked"),
        ("Aucune démarche n'est nécessaire.", "nothing-asked"),
        ("Non serve che rispondi.", "nothing-asked"),
        ("If this was not you, lock your card.", "conditional"),
        ("ok danke!", "thanks"),
        ("Thanks, got it.", "thanks"),
        ("Quittung für Ihren Parkvorgang", "receipt"),
        ("Your receipt is attached.", "receipt"),
    ],
)
def test_a_mail_may_say_that_nothing_presses(text: str, code: str) -> None:
    assert code in said(requests.settled, text)


def test_thanks_with_a_question_are_not_only_thanks() -> None:
    assert "thanks" not in said(requests.settled, "Danke! Kommst du auch?")


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, {"direct"}),
        ({"to": "bob@other.example", "cc": f"Alice <{ALICE}>"}, {"copy"}),
        ({"to": "all@firm.example", "headers": {"list-id": "<all.firm.example>"}}, {"circular"}),
        ({"headers": {"list-id": "<u.lists.example>", "precedence": "list"}}, {"list"}),
        ({"headers": {"list-unsubscribe": "<https://other.example/u>"}}, {"bulk"}),
        ({"headers": {"precedence": "bulk"}}, {"bulk"}),
        ({"to": "someone@other.example"}, set()),
    ],
)
def test_the_way_a_mail_came_is_told(others: dict[str, Any], expected: set[str]) -> None:
    assert said(recipients.route, "Hello all", **others) == expected


@pytest.mark.parametrize("text", ["Hi Alice,\n\ncan you?", "@alice what now", "Me too. Alice, you saw it."])
def test_a_name_called_lifts_the_veil_of_copy_and_list(text: str) -> None:
    assert "copy" not in said(recipients.route, text, to="bob@other.example", cc=ALICE)
    assert "list" not in said(recipients.route, text, headers={"list-id": "<x>", "precedence": "list"})
    assert said(requests.reached, text) == {"named"}


@pytest.mark.parametrize(
    "text", ["Cc Alice and Jonas so they know.", "Hi Priya,\n\nplease", "Malice, they say."]
)
def test_a_name_in_passing_calls_nobody(text: str) -> None:
    assert said(recipients.route, text, to="bob@other.example", cc=ALICE) == {"copy"}


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({"headers": {"auto-submitted": "auto-replied"}}, {"absence"}),
        ({"headers": {"auto-submitted": "auto-generated"}}, {"automatic"}),
        ({"headers": {"auto-submitted": "no"}}, set()),
        ({"sender": "Shop <No-Reply@shop.example>"}, {"automatic"}),
    ],
)
def test_machines_are_told_from_people(others: dict[str, Any], expected: set[str]) -> None:
    assert said(recipients.sender, "Hello", **others) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Ihre provisorische Steuerrechnung liegt bei.", "law"),
        ("A letter from my solicitor", "law"),
        ("La convocation au tribunal", "law"),
        ("Anbei der Mietvertrag", "contract"),
        ("The framework agreement is signed", "contract"),
        ("Il contratto è pronto", "contract"),
        ("Ihre Blutwerte sind da", "health"),
        ("Your lab results are ready", "health"),
        ("Résultats: voir votre médecin", "health"),
        ("Grossvater ist gestern verstorben", "family"),
        ("Grandmother passed away", "family"),
        ("Letzte Mahnung vor Inkasso", "dunning"),
        ("FINAL NOTICE before disconnection", "dunning"),
        ("Ein neues Gerät wurde verbunden", "security"),
        ("New sign-in to your account", "security"),
        ("Die Geschäftsleitung fragt", "work"),
        ("Our board has decided", "work"),
    ],
)
def test_weighty_topics_are_found(text: str, code: str) -> None:
    assert code in said(topics.stakes, text)


@pytest.mark.parametrize("text", ["Wir sehen uns am See.", "See you at the lake.", "On se voit au lac.", ""])
def test_small_talk_has_no_weight(text: str) -> None:
    assert said(topics.stakes, text) == set()
    assert said(topics.trifles, text) == set()


@pytest.mark.parametrize(
    ("text", "large"),
    [
        ("Rechnung über CHF 4'210.00", True),
        ("Rechnung über CHF 86.40", False),
        ("Betrag: 1.250,00 EUR", True),
        ("Invoice total $1,200", True),
        ("Invoice total $499.99", False),
        ("an invoice of 500 pounds", True),
        ("Das Buch hat 900 Seiten, die Rechnung folgt.", False),
        ("Gewinne CHF 5000", False),
    ],
)
def test_a_large_amount_weighs_where_money_is_asked(text: str, large: bool) -> None:
    assert bool(said(topics.money, text)) is large


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Production is down.", {"outage"}),
        ("Das Band steht still.", {"outage"}),
        ("Es gab keinen Ausfall.", set()),
        ("The outage is resolved.", {"resolved"}),
        ("Störung behoben", {"resolved"}),
        ("Staging is down.", {"test-system"}),
    ],
)
def test_an_outage_counts_while_it_lasts(text: str, expected: set[str]) -> None:
    assert said(topics.operations, text) == expected


def test_a_meeting_called_off_presses_nobody_but_a_flight_called_off_does() -> None:
    assert said(topics.changes, "Die Sitzung ist abgesagt.") == {"cancelled"}
    assert said(topics.changes, "Your flight was cancelled.") == set()


def test_office_life_is_light_only_from_colleagues() -> None:
    text = "Karaoke und Tombola am Sommerfest"
    assert said(topics.trifles, text, sender="Bob <bob@firm.example>") == {"social"}
    assert said(topics.trifles, text, sender="School <bob@school.example>") == set()


@pytest.mark.parametrize(
    ("detector", "text", "others", "expected"),
    [
        (spam.junk, "Tabletten ohne Rezept", {}, {"spam-words"}),
        (spam.junk, "You have won! Dear customer", {}, {"spam-words", "faceless"}),
        (spam.junk, "Bestätigen Sie Ihr Kennwort", {}, {"phishing-words"}),
        (spam.junk, "Verify your account", {}, {"phishing-words"}),
        (spam.junk, "Die Sitzung ist um neun", {}, set()),
        (spam.filters, "", {"headers": {"x-spam-flag": "YES"}}, {"filter"}),
        (spam.filters, "", {"headers": {"x-spam-status": "No, score=1"}}, set()),
        (spam.masks, "", {"sender": "Helpdesk firm.example <a@evil.example>"}, {"borrowed-name"}),
        (spam.masks, "", {"sender": "Helpdesk firm.example <a@it.firm.example>"}, set()),
        (spam.masks, "", {"reply_to": "x@evil.example"}, {"other-reply"}),
        (spam.masks, "", {"headers": {"x-mailer": "PHPMailer 5.2"}}, {"mailer"}),
        (spam.masks, "", {"sender": ALICE}, {"own-name"}),
        (spam.masks, "", {"headers": {"list-unsubscribe": "<x>"}}, {"unsubscribe"}),
    ],
)
def test_signs_of_spam_are_found(
    detector: Detector, text: str, others: dict[str, Any], expected: set[str]
) -> None:
    assert said(detector, text, **others) == expected
