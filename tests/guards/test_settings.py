"""Every name that is read from the environment is told to operators, and nothing else is."""

import re
from pathlib import Path

from django.conf import settings

from mailhelper.settings import env

ROOT = Path(__file__).resolve().parents[2]


def names_in_example() -> set[str]:
    text = (ROOT / ".env.example").read_text()
    return set(re.findall(r"^([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))


def test_every_setting_is_in_the_example() -> None:
    names = {name.removesuffix("_FILE") for name in env.names}
    assert {name.removesuffix("_FILE") for name in names_in_example()} == names


def test_nothing_reads_the_environment_behind_its_back() -> None:
    """Product code asks `mailhelper.environment`; the services of bin/ come before settings."""
    allowed = {
        "mailhelper/environment.py",
        "mailhelper/celery.py",  # where settings are
        "mailhelper/wsgi.py",  # the same
        "accounts/connections.py",  # OpenSSL's own SSL_CERT_FILE and SSL_CERT_DIR
        "mail/demo/server.py",  # sets its time zone, reads nothing
    }
    readers = {
        str(path.relative_to(ROOT))
        for app in ("accounts", "mail", "tags", "rules", "mailhelper")
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    }
    assert {name for name in readers if not name.startswith("mailhelper/services/")} <= allowed


def test_beat_schedule_stays_empty() -> None:
    """Entries are rows: settings would undo an operator's change at each start."""
    assert not hasattr(settings, "CELERY_BEAT_SCHEDULE")
