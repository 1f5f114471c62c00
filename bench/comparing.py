"""Rounds in turn, the check of what was stored, and the table."""

import argparse
import json
import os
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management import call_command

from bench import mailbox
from bench.mbsync import Mbsync
from bench.product import Product
from bench.taken import Taken, median_rate
from mailhelper.services.household import Household
from mailhelper.services.terminal import say
from tests.servers.dovecot import Dovecot

OPENED = 20
Side = Product | Mbsync
Rounds = dict[str, list[Taken]]


def compare(options: argparse.Namespace, server: Dovecot, files: Path, household: Household) -> int:
    """Measure both sides and print. 1 where a count or a byte is not as it should be."""
    call_command("migrate", verbosity=0)
    ours = Product(server, household)
    sides: list[Side] = [ours, Mbsync(server, files / "maildir")]
    first: Rounds = {side.name: [] for side in sides}
    again: Rounds = {side.name: [] for side in sides}
    for number in range(options.rounds):
        for side in sides:
            side.empty()
            first[side.name].append(_timed(side, f"round {number + 1}"))
            if side.count() != options.mails:
                say(f"WRONG: {side.name} has {side.count()} of {options.mails} mails.")
                return 1
    time.sleep(1)  # mbsync waits until the Maildir's last change is a second old
    for _ in range(options.rounds):
        for side in sides:
            again[side.name].append(_timed(side, "nothing new"))
    figures = _figures(first, again, options.mails)
    _print(figures, options.mails)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return _compare_bytes(ours, server, min(OPENED, options.mails))


def _timed(side: Side, what: str) -> Taken:
    os.sync()  # what others left to write is not ours to wait for
    taken = side.sync()
    say(f"{side.name:>6} {what}: {taken.seconds:.3f} s, {taken.cpu:.2f} s of CPU, {taken.peak_mb:.0f} MB")
    return taken


def _figures(first: Rounds, again: Rounds, mails: int) -> dict[str, Any]:
    rates = {name: median_rate(rounds, mails) for name, rounds in first.items()}
    sides = {
        name: {
            "mails_per_s": round(rates[name]),
            "peak_mb": round(max(one.peak_mb for one in rounds)),
            "cpu_s": round(statistics.median(one.cpu for one in rounds), 2),
            "nothing_new_s": round(statistics.median(one.seconds for one in again[name]), 4),
            "rounds": [asdict(one) for one in rounds],
        }
        for name, rounds in first.items()
    }
    return {"mails": mails, **sides, "ratio": round(rates["ours"] / rates["mbsync"], 2)}


def _print(figures: dict[str, Any], mails: int) -> None:
    columns = ("mails_per_s", "cpu_s", "peak_mb", "nothing_new_s")
    titles = ("mails/s", "CPU s", "peak MB", "nothing new, s", "rounds, mails/s")
    print(f"{'':8}" + "".join(f"{title:>16}" for title in titles))
    for name in ("ours", "mbsync"):
        side = figures[name]
        rounds = " ".join(f"{mails / one['seconds']:.0f}" for one in side["rounds"])
        print(f"{name:8}" + "".join(f"{side[column]:>16}" for column in columns) + f"{rounds:>16}")
    print(f"ratio {figures['ratio']}")


def _compare_bytes(product: Product, server: Dovecot, how_many: int) -> int:
    """Whether mails open with the password, and are what the server has."""
    opened = dict(product.opened(how_many))
    wrong = [uid for uid, raw in mailbox.sources(server, opened) if opened[uid] != raw]
    print(f"{len(opened) - len(wrong)} of {how_many} mails opened with the password, equal to the server's")
    return 1 if wrong or len(opened) != how_many else 0
