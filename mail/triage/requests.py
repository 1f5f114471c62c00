"""What is asked of the reader, how pressing, and whether the mail takes it back."""

import re

from mail.pipeline import Contribution, ReaderContext
from mail.triage.reading import Reading
from mail.triage.recipients import is_named
from mail.triage.vocabulary import places

QUESTION = re.compile(r"\?(?=[\s?!)\"'»“”]|$)")
NEGATION = re.compile(
    r"\b(?:nicht|kein|keine|keinen|keinerlei|ohne|not|no|never|isn't|wasn't|pas|sans|non|nessuna|senza)"
    r"\s(?:so\s|mehr\s|more\s)?$"
)
NEGATION_REACH = 18
SHORT = 45  # words of a mail that only says thanks
CALENDAR_MAIL = "calendarmessage"
ANSWERS = re.compile(
    r"(?:accepted|declined|tentative|tentatively accepted|zugesagt|zusage|angenommen|abgelehnt|absage"
    r"|mit vorbehalt|accepté|refusé|accettato|rifiutato)\s?:"
)


def asked(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """What is asked, the strongest only: an invitation that waits for an answer, a request, a question."""
    if is_answer(reading):
        return [Contribution("urgency", "calendar-answer", -6.0, reading.mail.subject[:60])]
    if reading.mail.has_invitation or CALENDAR_MAIL in reading.mail.header("content-class").lower():
        return [Contribution("urgency", "invitation", 1.5)]
    requests, taken_back = len(reading.places("request")), len(reading.places("polite"))
    word = reading.topic("request")
    if word and (requests > taken_back or not requests):
        return [Contribution("urgency", "request", 1.5, word)]
    question = QUESTION.search(reading.flat)
    if question and is_meant(reading):
        return [Contribution("urgency", "question", 1.0, shown(reading, question))]
    return []


def shown(reading: Reading, question: re.Match[str]) -> str:
    """The end of a question."""
    return reading.flat[max(0, question.start() - 40) : question.end()]


def is_meant(reading: Reading) -> bool:
    """Whether some question waits for an answer: more stand there than rhetorical ones."""
    if reading.topic("conditional"):
        return False
    return len(reading.places("rhetoric")) < reading.flat.count("?")


def is_answer(reading: Reading) -> bool:
    """Whether the subject is that of an answer to an invitation."""
    return ANSWERS.match(reading.flat) is not None


def pressed(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """Urgent words, unless the mail says that there is no hurry; and somebody who is waiting."""
    made = []
    word = unnegated(reading, "urgent")
    if word and not (reading.topic("calm") or reading.topic("conditional")):
        made.append(Contribution("urgency", "urgent", 3.0, word))
    if waiting := reading.topic("waiting"):
        made.append(Contribution("urgency", "waiting", 4.5, waiting))
    if code := reading.topic("code"):
        made.append(Contribution("urgency", "code", 4.8, code))
    return made


def unnegated(reading: Reading, topic: str) -> str:
    """A strong word of a topic that stands somewhere without "not" or "no" before it."""
    found = reading.found.get(topic)
    for text in found.strong if found else ():
        for at in places(reading.flat, text):
            if not NEGATION.search(reading.flat, max(0, at - NEGATION_REACH), at):
                return text
    return ""


def settled(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """What says that nothing is to be done: in so many words, only on a condition, thanks, a receipt."""
    made = []
    for code, topic, weight in (("nothing-asked", "idle", -2.0), ("conditional", "conditional", -0.8)):
        if word := reading.topic(topic):
            made.append(Contribution("urgency", code, weight, word))
    if reading.topic("calm") and not reading.topic("idle"):
        made.append(Contribution("urgency", "no-hurry", -0.2, reading.topic("calm")))
    if is_thanks(reading):
        made.append(Contribution("urgency", "thanks", -0.5, reading.topic("thanks")))
    if word := reading.topic("receipt"):
        made.append(Contribution("urgency", "receipt", -1.5, word))
    return made


def is_thanks(reading: Reading) -> bool:
    """Whether a short mail thanks and asks nothing."""
    if not reading.topic("thanks") or reading.topic("request") or "?" in reading.flat:
        return False
    return reading.flat.count(" ") < SHORT


def reached(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """Asked by name."""
    name = is_named(reading, reader)
    return [Contribution("urgency", "named", 0.3, name)] if name else []
