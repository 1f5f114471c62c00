"""`bin/manage ARGS`: manage.py with the services up; its exit code is ours."""

import sys

from mailhelper.services import catalogues, terminal
from mailhelper.services.places import ROOT
from mailhelper.services.stack import up


def main(arguments: list[str]) -> int:
    catalogues.compile_changed()
    with up() as env:
        return terminal.run_child([sys.executable, "-P", str(ROOT / "manage.py"), *arguments], env)


if __name__ == "__main__":
    terminal.run_main(main)
