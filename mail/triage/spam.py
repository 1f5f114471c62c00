"""Swindle and junk: what it writes, what name it borrows, what other filters said."""

from mail.pipeline import Contribution, ReaderContext
from mail.triage.reading import Reading

MAILERS = ("phpmailer", "bulk", "mass", "sender pro", "the bat! (v1")
FREE = 2  # words of a kind that are shown and counted


def junk(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """Words that swindlers use, each kind counted up to FREE of its words."""
    made = []
    for topic, weight in (("spam", 1.2), ("phishing", 0.9)):
        found = reading.found.get(topic)
        if found and (words := found.strong[:FREE]):
            made.append(Contribution("spam", f"{topic}-words", weight * len(words), ", ".join(words)))
    if (found := reading.found.get("phishing")) and found.weak:
        made.append(Contribution("spam", "faceless", 0.5, found.weak[0]))
    return made


def filters(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """What a filter on the way said: a hint, for such headers are wrong at times."""
    mail = reading.mail
    if mail.header("x-spam-flag").strip().lower() == "yes" or mail.header("x-spam-status").lower().startswith(
        "yes"
    ):
        return [Contribution("spam", "filter", 1.2)]
    return []


def masks(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """A borrowed name, an answer that goes elsewhere, a mailer of junk."""
    mail = reading.mail
    made = []
    if borrowed := borrows(reading, reader):
        made.append(Contribution("spam", "borrowed-name", 2.0, borrowed))
    if mail.sender.email.lower() in reader.addresses:
        made.append(Contribution("spam", "own-name", 0.8, mail.sender.email[:80]))
    elsewhere = [one for one in mail.reply_to if one.domain and one.domain != mail.sender.domain]
    if elsewhere and not mail.header("list-id"):
        made.append(Contribution("spam", "other-reply", 0.4, elsewhere[0].email[:80]))
    mailer = mail.header("x-mailer").lower()
    if any(name in mailer for name in MAILERS):
        made.append(Contribution("spam", "mailer", 0.8, mailer[:60]))
    if "list-unsubscribe" in mail.headers:
        made.append(Contribution("spam", "unsubscribe", -1.0))
    return made


def borrows(reading: Reading, reader: ReaderContext) -> str:
    """The reader's own domain or address as a stranger's display name."""
    name = reading.mail.sender.name.lower()
    for address in reader.addresses:
        domain = address.rpartition("@")[2]
        if domain and domain in name and not reading.mail.sender.domain.endswith(domain):
            return domain
    return ""
