"""What the reader sees for each reason of a verdict: one short phrase by the code of a contribution."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TEXTS: dict[str, str | Promise] = {
    # when
    "deadline-near": _("Deadline within two days"),
    "deadline-soon": _("Deadline within two weeks"),
    "deadline-far": _("Deadline more than two weeks ahead"),
    "appointment-near": _("Appointment within two days"),
    # what is asked
    "request": _("Asks for something"),
    "question": _("Asks a question"),
    "invitation": _("Invitation that waits for an answer"),
    "named": _("Turns to you by name"),
    "urgent": _("Urgent words"),
    "waiting": _("Somebody is waiting"),
    "code": _("One-time code or link"),
    "no-hurry": _("Says that there is no hurry"),
    "nothing-asked": _("Says that nothing is to be done"),
    "conditional": _("Asks only on a condition"),
    "thanks": _("Thanks only"),
    "receipt": _("Receipt of a payment"),
    "calendar-answer": _("Answer to an invitation"),
    "cancelled": _("Called off"),
    # how it came
    "direct": _("Sent to you"),
    "copy": _("You are only in copy"),
    "circular": _("Sent to a group"),
    "list": _("Mailing list"),
    "bulk": _("Newsletter headers"),
    "automatic": _("Sent by a machine"),
    "absence": _("Automatic reply"),
    # what is at stake
    "large-amount": _("Large amount"),
    "dunning": _("Reminder with a threat"),
    "law": _("Law or authority"),
    "contract": _("Contract"),
    "security": _("Security of an account"),
    "health": _("Health"),
    "family": _("Close family"),
    "work": _("Management or key customer"),
    "outage": _("Outage"),
    "test-system": _("Test system"),
    "resolved": _("Over again"),
    "promotion": _("Promotion"),
    "social": _("Social life at the office"),
    "trifle": _("Account of little weight"),
    # spam
    "spam-words": _("Words of junk mail"),
    "phishing-words": _("Words of phishing"),
    "faceless": _("Does not know your name"),
    "filter": _("Marked by a spam filter"),
    "borrowed-name": _("Sender's name borrows your domain"),
    "own-name": _("Sent in your own name"),
    "other-reply": _("Replies go to another domain"),
    "mailer": _("Program for bulk mail"),
    "unsubscribe": _("Lets you unsubscribe"),
}
