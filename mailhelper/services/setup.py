"""Make `.venv` from the hashed locks. Runs on a bare Python: standard library, nothing of ours.

`.venv/installed.json` says which locks are installed; it is removed while they are being changed, so that
a killed installation is begun anew.
"""

import fcntl
import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"
RUN, DEV = "requirements.txt", "requirements-dev.txt"
NEVER_FROM_OUTSIDE = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIREMENT", "VIRTUAL_ENV")
Stamp = dict[str, str]


class SetupError(Exception):
    """One line for the person at the terminal, and perhaps the end of pip's output."""


def main(arguments: list[str]) -> int:
    locks = [RUN, DEV] if "--dev" in arguments else [RUN]
    if "--check" in arguments:
        return 0 if is_installed(locks, read_stamp()) else 1
    try:
        set_up(locks)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as refusal:
        print(f"{refusal.filename or VENV}: {refusal.strerror}.", file=sys.stderr)
        return 1
    return 0


def set_up(locks: list[str]) -> None:
    """Install `locks` unless they are; one process at a time."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with (cache / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = read_stamp()
        if is_installed(locks, stamp):
            return
        kept = [name for name in (RUN, DEV) if name in locks or name in stamp]
        STAMP.unlink(missing_ok=True)
        if stamp.get("python") != python_version() or not runs():
            make()
        install(kept)
        STAMP.write_text(json.dumps(wanted(kept)))


def read_stamp() -> Stamp:
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def wanted(locks: list[str]) -> Stamp:
    digests = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in locks}
    return {"python": python_version(), **digests}


def is_installed(locks: list[str], stamp: Stamp) -> bool:
    return wanted(locks).items() <= stamp.items()


def python_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def runs() -> bool:
    """Whether .venv's Python still starts (its base may have been removed)."""
    try:
        tried = subprocess.run(
            [VENV / "bin/python", "-I", "-c", "import pip"], capture_output=True, check=False
        )
    except OSError:
        return False
    return tried.returncode == 0


def make() -> None:
    try:
        importlib.import_module("ensurepip")
    except ImportError:
        raise SetupError(
            f"Python {python_version()} is here without ensurepip, so .venv cannot be made: "
            f"install the Debian package python{python_version()}-venv."
        ) from None
    print("Making .venv", file=sys.stderr)
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        venv.EnvBuilder(symlinks=True, with_pip=True).create(VENV)
    except subprocess.CalledProcessError as failure:
        output = (failure.output or b"").decode(errors="replace").strip().splitlines()
        raise SetupError(f".venv cannot be made: {output[-1] if output else failure}") from None


def install(locks: list[str]) -> None:
    total = len(
        {name for lock in locks for name in re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.M)}
    )
    print(f"Installing {total} packages (about a minute the first time)", file=sys.stderr)
    options = ["--require-hashes", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    files = [part for lock in locks for part in ("--requirement", str(ROOT / lock))]
    environment = {name: value for name, value in os.environ.items() if name not in NEVER_FROM_OUTSIDE}
    with subprocess.Popen(
        [VENV / "bin/python", "-I", "-m", "pip", "install", *options, *files],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, "PIP_ROOT_USER_ACTION": "ignore"},
        text=True,
        errors="replace",
    ) as pip:
        lines = follow(pip, total)
    if pip.returncode:
        end = "\n".join(f"  {line}" for line in lines[-12:])
        raise SetupError(f"The packages could not be installed. pip says:\n{end}")


def follow(pip: "subprocess.Popen[str]", total: int) -> list[str]:
    """Show how far pip is (on a terminal only) and return all that it said."""
    lines: list[str] = []
    seen = 0
    for line in pip.stdout or ():
        lines.append(line.rstrip())
        seen += line.startswith("Collecting ")
        if sys.stderr.isatty():
            print(f"\r  {min(seen, total)} of {total}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
