"""Refused: readers make their keys with their password."""

from accounts.management.refused import RefusedCommand


class Command(RefusedCommand):
    help = "Refused: use `bin/manage invite --operator ADDRESS`."
    hint = (
        "Keys are made with the password, so everybody signs up for themselves. "
        "Make a link for an operator: bin/manage invite --operator ADDRESS"
    )
