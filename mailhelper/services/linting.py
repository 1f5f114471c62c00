"""`bin/lint`: every check in turn, one line each; what a failed one printed follows its line."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping

from mailhelper.services import catalogues, slots, terminal
from mailhelper.services.places import ROOT

APPLICATIONS = ("accounts", "mail", "tags", "rules", "mailhelper")
TOOLS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "mypy": ("mypy", *APPLICATIONS),
    "import arrows": ("lint-imports", "--no-cache"),
}
COMMANDS = {
    "migrations": ("makemigrations", "--check", "--dry-run"),
    "system checks": ("check", "--fail-level", "WARNING"),
}


def main(arguments: list[str]) -> int:
    catalogues.compile_changed()
    folder = ROOT / ".venv" / "bin"
    steps = {name: [str(folder / argv[0]), *argv[1:]] for name, argv in TOOLS.items()}
    steps |= {name: [sys.executable, str(ROOT / "manage.py"), *argv] for name, argv in COMMANDS.items()}
    with slots.up() as env:
        passed = [_passes(name, argv, env) for name, argv in steps.items()]
    return 0 if all(passed) else 1


def _passes(name: str, argv: list[str], env: Mapping[str, str]) -> bool:
    began = time.monotonic()
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    verdict = "failed" if done.returncode else "ok"
    print(f"{name:<14} {verdict} ({time.monotonic() - began:.1f} s)", flush=True)
    if done.returncode:
        print(done.stdout.rstrip(), flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    terminal.run_main(main)
