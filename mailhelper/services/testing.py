"""`bin/test [--all] [pytest arguments]`: the tests, on services of their own."""

import os
import sys

from mailhelper.services import catalogues, debian, slots, terminal
from mailhelper.services.places import ROOT

#: What an operator may have set must not colour the tests.
LEFT_OUT = (
    "DEMO",
    "DEBUG",
    "ALLOWED_HOSTS",
    "ALLOWED_MAIL_NETWORKS",
    "MAIL_MAX_BYTES",
    "DATABASE_POOL",
    "LOG_LEVEL",
)


def main(arguments: list[str]) -> int:
    everything = "--all" in arguments
    rest = [argument for argument in arguments if argument != "--all"]
    for name in LEFT_OUT:
        os.environ.pop(name, None)
    catalogues.compile_changed()
    debian.bring(debian.FOR_TESTS)
    with slots.up() as env:
        return terminal.run_child(
            [sys.executable, "-m", "pytest", *_options(everything), *rest], env, str(ROOT)
        )


def _options(everything: bool) -> list[str]:
    options = [] if everything else ["-m", "not slow"]
    if os.environ.get("CI") == "true":
        options += ["-p", "mailhelper.services.noskip"]
    return options


if __name__ == "__main__":
    terminal.run_main(main)
