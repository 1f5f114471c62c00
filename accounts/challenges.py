"""The challenge that a passkey answers at sign-in: kept in the session between the two factors, good once."""

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from accounts import passkeys
from accounts.passkeys import Site
from accounts.sessions import SessionStore
from accounts.waiting import Waiting

_CHALLENGE = "passkey"


def ask(request: HttpRequest, site: Site | None, waiting: Waiting) -> str:
    """A fresh challenge for who waits, as options in JSON; "" where they cannot use a passkey here."""
    if site is None:
        return ""
    challenge = passkeys.new_challenge()
    options = passkeys.options_to_use(site, waiting.user, challenge)
    if options:
        request.session[_CHALLENGE] = challenge
    return options


def take(request: HttpRequest) -> str:
    """The challenge of this session, which is worth nothing afterwards; "" where there is none.

    The session's row is locked meanwhile: of several requests one gets it.
    """
    request.session.pop(_CHALLENGE, None)
    key = request.session.session_key
    with transaction.atomic():
        if not key or not Session.objects.select_for_update().filter(pk=key).first():
            return ""
        stored = SessionStore(key)
        challenge = str(stored.pop(_CHALLENGE, ""))
        stored.save()
    return challenge
