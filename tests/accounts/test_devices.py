"""Browsers in words."""

import json

import pytest

from accounts import devices
from accounts.models import ReaderSession
from tests.conftest import Reader, sign_in

_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {_KHTML} Chrome/142.0.0.0 Safari/537.36", "Chrome on Linux"),
        (f"{_WINDOWS} {_KHTML} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        (f"{_MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15", "Safari on macOS"),
        (f"{_WINDOWS} {_KHTML} Chrome/142.0.0.0 Safari/537.36 OPR/124.0.0.0", "Opera on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/26.1 Mobile/15E148 Safari/604.1",
            "Safari on iOS",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "FxiOS/145.0 Mobile/15E148 Safari/605.1.15",
            "Firefox on iOS",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 16) {_KHTML} Chrome/142.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 16) {_KHTML} SamsungBrowser/29.0 Chrome/136.0.0.0 Safari/537.36",
            "Samsung Internet on Android",
        ),
        (f"Mozilla/5.0 (X11; CrOS x86_64) {_KHTML} Chrome/142.0.0.0 Safari/537.36", "Chrome on ChromeOS"),
        (
            f"Mozilla/5.0 (X11; Linux x86_64) {_KHTML} HeadlessChrome/142.0.0.0 Safari/537.36",
            "Chrome on Linux",
        ),
        ("Firefox/145.0", "Firefox"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("x" * 5000, "x" * 60),
        ("a\u202egnp.exe\u0000\u200b", "agnp.exe"),
        ("", ""),
    ],
)
def test_a_user_agent_in_words(sent: str, words: str) -> None:
    assert devices.words(sent) == words


@pytest.mark.parametrize("noted", [b"", b"[]", b"{}", b"not json", json.dumps({"browser": 1}).encode()])
def test_what_was_noted_badly_is_no_device(alice: Reader, noted: bytes) -> None:
    sign_in(alice)
    row = ReaderSession.objects.for_user(alice.user).get()
    row.device = alice.vault.seal_to_reader(row, "device", noted)
    assert devices.opened(alice.vault, row, "device") is None


def test_a_device_moved_to_another_row_does_not_open(alice: Reader) -> None:
    sign_in(alice)
    sign_in(alice)
    one, other = ReaderSession.objects.for_user(alice.user).order_by("pk")
    assert devices.opened(alice.vault, one, "device") is not None
    one.device = other.device
    assert devices.opened(alice.vault, one, "device") is None
