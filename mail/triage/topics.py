"""What is at stake: money, law, contracts, health, family, safety, work; and what carries no weight."""

import re

from mail.pipeline import Contribution, ReaderContext
from mail.triage.reading import Reading
from mail.triage.requests import unnegated
from mail.triage.vocabulary import places

LARGE = 500.0  # francs, euros, dollars or pounds: beyond the everyday
AMOUNT_AFTER = re.compile(r"\.?\s?(\d[\d'.,]{0,14})")
AMOUNT_BEFORE = re.compile(r"(?<![\w.,'])(\d[\d'.,]{0,14})\s?$")
SIGNS = "€$£"
CURRENCIES = frozenset(
    {
        "chf",
        "eur",
        "usd",
        "gbp",
        "fr",
        "sfr",
        "euro",
        "euros",
        "franken",
        "francs",
        "franchi",
        "dollars",
        "pounds",
    }
)

WEIGHTY = (
    ("dunning", 1.5),
    ("law", 1.0),
    ("contract", 1.0),
    ("security", 1.0),
    ("health", 1.0),
    ("family", 1.0),
    ("work", 1.0),
)
LIGHT = (("promotion", -1.5), ("social", -1.5), ("trifle", -1.5))


def stakes(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """Topics that weigh, each at most once."""
    return [
        Contribution("importance", topic, weight, word)
        for topic, weight in WEIGHTY
        if (word := reading.topic(topic))
    ]


def trifles(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """Topics of no weight. Selling presses nobody either."""
    made = [
        Contribution("importance", topic, weight, word)
        for topic, weight in LIGHT
        if (word := reading.topic(topic)) and (topic != "social" or is_in_house(reading, reader))
    ]
    if word := reading.topic("promotion"):
        made.append(Contribution("urgency", "promotion", -5.0, word))
    return made


def is_in_house(reading: Reading, reader: ReaderContext) -> bool:
    """Whether the sender's domain is one of the reader's."""
    return any(address.rpartition("@")[2] == reading.mail.sender.domain for address in reader.addresses)


def money(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """A large amount in a mail that asks, offers or books money."""
    word = reading.topic("invoice")
    amount = largest(reading)
    if word and amount and amount[0] >= LARGE:
        return [Contribution("importance", "large-amount", 1.0, amount[1])]
    return []


def largest(reading: Reading) -> tuple[float, str] | None:
    """The largest amount with a currency, and its words."""
    flat, found = reading.flat, []
    currencies = [token for token in reading.tokens if token in CURRENCIES]
    for currency in currencies + [sign for sign in SIGNS if sign in flat]:
        for at in places(flat, currency):
            end = at + len(currency)
            match = AMOUNT_AFTER.match(flat, end) or AMOUNT_BEFORE.search(flat, max(0, at - 18), at)
            if match:
                found.append((value(match[1]), flat[min(at, match.start()) : max(end, match.end())]))
    return max(found, default=None)


def value(written: str) -> float:
    """The number that 14'800.00, 14.800,00 or 1,200 means."""
    digits = written.replace("'", "").rstrip(".,")
    head, _, tail = digits.replace(",", ".").rpartition(".")
    if head and len(tail) != 3:
        return float(f"{head.replace('.', '') or 0}.{tail}")
    return float(digits.replace(".", "").replace(",", "") or 0)


def operations(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """Outages that last press and weigh; what has recovered or succeeded does neither."""
    if word := reading.topic("resolved"):
        return [
            Contribution("urgency", "resolved", -5.0, word),
            Contribution("importance", "resolved", -1.0, word),
        ]
    word = unnegated(reading, "outage")
    if not word:
        return []
    if reading.topic("testbed"):
        return [Contribution("urgency", "test-system", 1.0, word)]
    return [Contribution("urgency", "outage", 4.5, word), Contribution("importance", "outage", 1.0, word)]


def changes(reading: Reading, reader: ReaderContext) -> list[Contribution]:
    """What was called off: presses where travel, care or treatment must be planned anew."""
    word = reading.topic("cancelled")
    if not word or reading.topic("replan"):
        return []
    return [Contribution("urgency", "cancelled", -4.5, word)]
