"""Browsers in words: what a User-Agent names, and what sessions and events keep of it."""

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.keyring import Vault
from accounts.sealing import CannotOpen

#: The first that fits: most browsers name the ones that they descend from as well.
_BROWSERS = (
    ("Edge", r"\bEdg(e|A|iOS)?/"),
    ("Opera", r"\b(OPR|Opera|OPT)/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Vivaldi", r"\bVivaldi/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"(Chrome|CriOS|Chromium)/"),
    ("Safari", r"\bVersion/[\d.]+.* Safari/"),
)
_SYSTEMS = (
    ("iOS", r"\b(iPhone|iPad|iPod)\b"),
    ("Android", r"\bAndroid\b"),
    ("Windows", r"\bWindows\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\b(Macintosh|Mac OS X)\b"),
    ("Linux", r"\b(Linux|X11)\b"),
)
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Device:
    """A browser in words, and where it asked from. Either may be "" where nobody noted it."""

    browser: str
    ip_address: str


def words(user_agent: str) -> str:
    """ "Firefox on Linux"; what cannot be told stands as it was sent, cut; "" for nothing."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser and system:
        return _("{browser} on {system}").format(browser=browser, system=system)
    return browser or _plain(user_agent)[:_SHOWN].strip()


def opened(vault: Vault, row: Any, name: str) -> Device | None:
    """What `events.device_of` sealed into a field of the row; None where it is not there or does not open."""
    if not getattr(row, name):
        return None
    try:
        noted = json.loads(vault.open_to_reader(row, name))
        return Device(words(str(noted["browser"])), _plain(str(noted["ip_address"])))
    except (CannotOpen, ValueError, KeyError, TypeError):
        return None


def _first(rules: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, pattern in rules if re.search(pattern, text)), "")


def _plain(text: str) -> str:
    """Without what turns a line around or hides: whoever sent it may not be a browser."""
    return "".join(mark for mark in text if unicodedata.category(mark)[0] != "C")
