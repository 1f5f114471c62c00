"""Debian packages that the tests use: installed where we may, else named in one line."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from mailhelper.services.terminal import say

FOR_TESTS = ("chromium", "dovecot-imapd", "dovecot-sieve", "isync", "python3-venv")
#: Where dpkg does not know (another system), a program on the PATH tells whether a package is there.
PROGRAMS = {
    "chromium": "chromium",
    "dovecot-imapd": "dovecot",
    "dovecot-sieve": "sievec",
    "isync": "mbsync",
    "python3-venv": "python3",
}


def bring(packages: Sequence[str]) -> None:
    """Install what is missing as root with apt-get; whoever may not is told what will be skipped."""
    missing = [name for name in packages if not _is_installed(name)]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {', '.join(missing)} for the tests")
        _install(missing)
        missing = [name for name in missing if not _is_installed(name)]
    if missing:
        say(f"Not installed, so tests that need them are skipped: {', '.join(missing)}")


def _is_installed(package: str) -> bool:
    if shutil.which("dpkg-query"):
        asked = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package],
            capture_output=True,
            text=True,
            check=False,
        )
        return asked.stdout == "installed"
    return shutil.which(PROGRAMS[package], path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


def _install(packages: Sequence[str]) -> None:
    # SYSTEMD_OFFLINE keeps a fresh Dovecot from being started on this machine's own ports.
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_OFFLINE": "1"}
    apt = ["apt-get", "-q", "-y"]
    for step in (["update"], ["install", "--no-install-recommends", *packages]):
        done = subprocess.run([*apt, *step], env=quiet, capture_output=True, text=True, check=False)
        if done.returncode and step[0] == "install":
            say(f"apt-get: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
