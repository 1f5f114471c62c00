"""Our sync beside mbsync, same mailbox, same run: `bench/sync.py [--mails N] [--rounds 3] [--json FILE]`.

Times the way from the queue to the last commit on a real worker, and mbsync with its default fsync, in turn;
then the same with nothing new. Mails are opened with the password and compared with the server's bytes.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

from bench import corpus, mailbox
from bench.place import own_place
from mailhelper.services import terminal
from mailhelper.services.errors import ServiceError
from mailhelper.services.household import Household
from mailhelper.services.terminal import say
from tests.servers import dovecot


def main(arguments: list[str]) -> int:
    """Measure; 1 where something is missing or a mail is not what the server has."""
    options = _options(arguments)
    mails = corpus.load()
    if not dovecot.installed():
        raise ServiceError("Dovecot is missing: apt-get install dovecot-imapd")
    server = dovecot.Dovecot({mailbox.USER: mailbox.PASSWORD})
    with server, own_place() as (files, env):
        say(f"Filling a mailbox with {options.mails} mails")
        size = mailbox.fill(server, mails.mailbox(options.mails), options.mails)
        say(f"{size / options.mails:.0f} bytes a mail")
        env |= {"ALLOWED_MAIL_NETWORKS": f"{server.host}/32:{server.port}", "DEBUG": "", "DATABASE_POOL": ""}
        os.environ |= {**env, "DJANGO_SETTINGS_MODULE": "mailhelper.settings"}
        django.setup()  # what follows needs models
        with Household(files, env) as household:
            code: int = import_module("bench.comparing").compare(options, server, files, household)
            return code


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/sync.py", description="Our sync beside mbsync.")
    parser.add_argument("--mails", type=_positive, default=10_000, help="size of the mailbox (10000)")
    parser.add_argument("--rounds", type=_positive, default=3, help="rounds of each, in turn (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError("a number above 0 is wanted")
    return int(text)


if __name__ == "__main__":
    terminal.run_main(main)
