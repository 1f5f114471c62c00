"""Refused: the password wraps the reader's keys."""

from accounts.management.refused import RefusedCommand


class Command(RefusedCommand):
    help = "Refused: a password that somebody else sets opens no keys."
    hint = (
        "The password opens the reader's keys, so nobody else can set it. "
        "Make a link for a new account instead: bin/manage invite ADDRESS"
    )
