"""What a mail client says to sign in with a token: OAUTHBEARER (RFC 7628) and XOAUTH2, its older form.

Both send the token in one message. A server that refuses it says so in a challenge, JSON in base64, and ends
the exchange only once that was answered.
"""

import base64
from collections.abc import Collection
from typing import Literal

Mechanism = Literal["OAUTHBEARER", "XOAUTH2"]
_MECHANISMS: tuple[Mechanism, ...] = ("OAUTHBEARER", "XOAUTH2")


def choose(offered: Collection[str]) -> Mechanism | None:
    """The better one of what a server offers, given as upper-case names of mechanisms."""
    return next((mechanism for mechanism in _MECHANISMS if mechanism in offered), None)


def message(mechanism: Mechanism, username: str, token: str, place: tuple[str, int]) -> bytes:
    """The client's first message, in base64. `place` is the host and the port that it goes to."""
    if mechanism == "XOAUTH2":
        said = f"user={username}\x01auth=Bearer {token}\x01\x01"
    else:
        said = (
            f"n,a={_saslname(username)},\x01host={place[0]}\x01port={place[1]}\x01auth=Bearer {token}\x01\x01"
        )
    return base64.b64encode(said.encode())


def farewell(mechanism: Mechanism) -> bytes:
    """The answer to the challenge by which a server refuses a token: %x01 in base64 (RFC 7628 §3.2.3), an
    empty line for XOAUTH2."""
    return b"" if mechanism == "XOAUTH2" else base64.b64encode(b"\x01")


def _saslname(name: str) -> str:
    # RFC 5801 §4
    return name.replace("=", "=3D").replace(",", "=2C")
