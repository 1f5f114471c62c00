"""What the headers alone tell: mail to many, and mail by machines."""

from mail.mime.parsed import Parsed

BULK = frozenset({"bulk", "junk"})
ROBOTS = frozenset(
    {
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
        "no_reply",
        "notifications",
        "notification",
        "notify",
    }
    | {
        "mailer-daemon",
        "postmaster",
        "alerts",
        "alert",
        "newsletter",
        "news",
        "bounce",
        "automailer",
        "robot",
    }
)
MARKETING = (
    "list-unsubscribe",
    "list-unsubscribe-post",
    "feedback-id",
    "x-campaign",
    "x-campaignid",
    "x-mailgun-tag",
)
LISTS = ("list-post", "mailing-list", "x-mailing-list", "x-mailman-version", "list-archive")


def precedence(mail: Parsed) -> str:
    """The value of Precedence in lower case (RFC 3834 §3.1.8 on its use)."""
    return mail.header("precedence").strip().lower()


def is_bulk(mail: Parsed) -> bool:
    """Newsletters and campaigns: they say so, or let one leave (RFC 2369, 8058), and are no discussion."""
    return precedence(mail) in BULK or (any(name in mail.headers for name in MARKETING) and not is_list(mail))


def is_list(mail: Parsed) -> bool:
    """A public mailing list. List-Id alone is also what a company's or club's circulars carry."""
    return precedence(mail) == "list" or any(name in mail.headers for name in LISTS)


def is_robot(mail: Parsed) -> bool:
    """Whether the sender's address is one that no person reads."""
    return mail.sender.email.partition("@")[0].lower() in ROBOTS
