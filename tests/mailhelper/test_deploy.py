"""Django's own checks for production say nothing, and a proxy is believed only where it is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "SECRET_KEY": "p8Lw4u0iGm1Qz7Xc2Rk9Tf6Yb3Nd5Hs8Jv0Ae2Ui4Oq6Wy8Zx1Cm3Vn5",
    "ALLOWED_HOSTS": "mail.example.org",
    "BASE_URL": "https://mail.example.org",
    "BEHIND_TLS_PROXY": "1",
    "TRUSTED_PROXIES": "127.0.0.1",
    "DEBUG": "0",
    "DEMO": "0",
}


def check(tmp_path: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**os.environ, **PRODUCTION, "DATA_DIR": str(tmp_path), **changes},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_production_has_no_warnings(tmp_path: Path) -> None:
    found = check(tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "no issues" in found.stdout


def test_the_checks_would_tell(tmp_path: Path) -> None:
    assert "security.W018" in check(tmp_path, DEBUG="1").stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TRUSTED_PROXIES": ""}, "BEHIND_TLS_PROXY needs TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "the-proxy"}, "the-proxy"),
    ],
)
def test_a_proxy_that_is_not_named_is_said_at_the_start(
    tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    found = check(tmp_path, **changes)
    assert found.returncode != 0
    assert words in found.stderr
