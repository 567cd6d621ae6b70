"""What a command prints: JSON and tables on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evaluator import results
from evaluator.errors import EvaluatorError

OUT = Console()
ERR = Console(stderr=True)

JSON_OPTION = typer.Option(False, "--json", help="Print one JSON document on stdout and nothing else there.")


def say(text: str) -> None:
    OUT.print(text, highlight=False, markup=False, soft_wrap=True)


def note(text: str) -> None:
    ERR.print(text, highlight=False, markup=False, soft_wrap=True)


def emit_json(value: Any) -> None:
    sys.stdout.write(results.dump(value).decode())


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    drawn = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold", no_wrap=column == "id")  # an id is copied
    for row in rows:
        drawn.add_row(*row)
    OUT.print(drawn)


def refuse(error: EvaluatorError) -> None:
    note(f"Error: {error.what}")
    if error.why:
        note(f"Why: {error.why}")
    for fault in getattr(error, "faults", ()):
        note(f"  - {fault.where}: {fault.what}" + (f" ({fault.why})" if fault.why else ""))
    if error.next_step:
        note(f"Next: {error.next_step}")


def complain(error: BaseException) -> None:
    if isinstance(error, KeyboardInterrupt):
        note("Stopped by you; nothing half-written is left behind.")
    else:
        note(f"Error: {error}")


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Any]:
    """A bar on stderr; yields a function ``advance(steps=1, text=None)``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERR, transient=True) as bar:
        task = bar.add_task(description, total=total)

        def advance(steps: int = 1, text: str | None = None) -> None:
            bar.update(task, advance=steps, description=text or description)

        yield advance
