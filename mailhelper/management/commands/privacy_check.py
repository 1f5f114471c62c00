"""`bin/manage privacy_check [--live]`: what is stored, how each column is kept, and whether that is so."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from mailhelper.privacy import columns, live
from mailhelper.privacy.columns import Column


class Command(BaseCommand):
    help = "Shows how each column of the database is kept; fails where one does not say."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--live",
            action="store_true",
            help="also read this installation's database, cache and files as a thief would",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 0 where everything is as declared, 1 where something is not."""
        console = Console(file=self.stdout, width=130, highlight=False)  # type: ignore[arg-type]
        declared, unknown = columns.declared(), columns.unknown()
        console.print(table_of(declared))
        problems = [f"{one.table}.{one.name} does not say how it is kept" for one in declared if not one.kept]
        problems += [f"{one.table}.{one.name} is in the database and known to no model" for one in unknown]
        if options["live"]:
            problems += look_around(console)
        for problem in problems:
            console.print(f"PROBLEM: {problem}", markup=False)
        if problems:
            raise CommandError(f"{len(problems)} things are not as declared.", returncode=1)
        console.print(f"{len(declared)} columns, all as declared.")


def table_of(found: list[Column]) -> Table:
    """One row a column; a table's name stands once."""
    table = Table("Table", "Column", "Kept", "Why", box=None, pad_edge=False)
    before = ""
    for column in found:
        table.add_row("" if column.table == before else column.table, column.name, column.kept, column.why)
        before = column.table
    return table


def look_around(console: Console) -> list[str]:
    """Tell what each look found. Returns the problems."""
    problems: list[str] = []
    for look in live.looks():
        console.print(f"\n{look.title}", style="bold")
        for line in look.lines:
            console.print(f"  {line}", markup=False)
        problems += look.problems
    console.print()
    return problems
