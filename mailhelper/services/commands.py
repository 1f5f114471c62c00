"""manage.py's commands as steps of bin/run: quiet, with a log, and one clear error."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailhelper.services import process
from mailhelper.services.errors import ServiceError
from mailhelper.services.places import ROOT


@dataclass(frozen=True)
class Manage:
    log: Path
    env: Mapping[str, str] = field(repr=False)

    def run(self, *arguments: str) -> None:
        """Run a command to its end. Raises ServiceError when it fails."""
        self.finish(self.start(*arguments))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Begin a command; `finish` waits for it."""
        return self._open(arguments, piped=False)

    def finish(self, begun: "subprocess.Popen[str]") -> None:
        begun.communicate()
        self._check(begun)

    def json(self, *arguments: str) -> dict[str, Any]:
        """What a command prints, its last line read as a JSON object."""
        return self.finish_json(self.start_json(*arguments))

    def start_json(self, *arguments: str) -> "subprocess.Popen[str]":
        """Begin a command that prints JSON. It goes to no log: it may hold a password."""
        return self._open(arguments, piped=True)

    def finish_json(self, begun: "subprocess.Popen[str]") -> dict[str, Any]:
        output = begun.communicate()[0]
        self._check(begun)
        try:
            found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
        except (IndexError, ValueError) as error:
            raise ServiceError(f"manage.py {_name(begun)} did not print JSON.") from error
        return found

    def _open(self, arguments: tuple[str, ...], piped: bool) -> "subprocess.Popen[str]":
        with process.open_log(self.log) as log:
            return subprocess.Popen(
                [sys.executable, "-P", str(ROOT / "manage.py"), *arguments],
                cwd=ROOT,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else log,
                stderr=log,
                text=True,
            )

    def _check(self, ended: "subprocess.Popen[str]") -> None:
        if ended.returncode:
            name = list(ended.args)[3] if isinstance(ended.args, list) else ""
            raise ServiceError(
                f"manage.py {name} failed. {self.log} ends with:\n{process.last_lines(self.log)}"
            )


def _name(command: "subprocess.Popen[str]") -> str:
    return str(command.args[3]) if isinstance(command.args, list) else "command"
