"""`bin/manage ARGS`: manage.py with the services up; its exit code is ours."""

import sys

from mailhelper.services import catalogues, mode, places, terminal
from mailhelper.services.places import ROOT
from mailhelper.services.stack import up


def main(arguments: list[str]) -> int:
    catalogues.compile_changed()
    with up() as env:
        settings = mode.shared_settings(places.data_dir()) | env
        return terminal.run_child([sys.executable, "-P", str(ROOT / "manage.py"), *arguments], settings)


if __name__ == "__main__":
    terminal.run_main(main)
