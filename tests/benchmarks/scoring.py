"""Our scorer beside the field's: time, peak of memory, ratio, agreement.

``python -m tests.benchmarks.scoring`` measures the full sizes, ``--small`` a case of a few seconds. Every measurement
is a process of its own on one core; the programs of a situation follow one another, ours first. A ratio is between
medians of one run of this file; nothing is asserted of time.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.benchmarks.measure import Job, Measured, measure
from tests.benchmarks.plan import OURS, Program, Situation, full_plan, small_plan
from tests.benchmarks.table import Row, render

LIMIT = 300.0


def compare_all(plan: Iterable[Situation], *, tell: Callable[[str], None], limit: float = LIMIT) -> list[Row]:
    """Measure every program in every situation; ``tell`` hears of each as it is done."""
    rows: list[Row] = []
    for situation in plan:
        ours = Measured()
        for program in situation.programs:
            measured = measure(_job(situation, program), limit=limit)
            ours = measured if program.name == OURS else ours
            rows.append(Row(situation=situation, program=program, measured=measured, ours=ours))
            tell(" | ".join(cell for cell in rows[-1].cells if cell))
    return rows


def describe_machine(rows: Sequence[Row]) -> str:
    """What the figures were measured on, and how far a busy machine has spoilt them."""
    where = (
        f"One of {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end."
    )
    disturbed = sum(row.was_kept_waiting for row in rows)
    return (
        where if not disturbed else f"{where} {disturbed} of {len(rows)} rows were kept waiting: the machine was busy."
    )


def _job(situation: Situation, program: Program) -> Job:
    job = Job(module=program.module, act=program.act, files=situation.files, label=situation.label)
    if situation.once:
        return replace(job, runs=1)
    return replace(job, runs=15, at_least=5) if program.name == OURS else job


def main(
    slices: Annotated[list[int] | None, typer.Option(help="Slices of the scan; may be repeated.")] = None,
    small: Annotated[bool, typer.Option("--small", help="A small scan, to see that all of it works.")] = False,
    only: Annotated[str, typer.Option(help="Only programs whose name holds this, beside ours.")] = "",
) -> None:
    """Print the tables."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plan = small_plan(place) if small else full_plan(place, slices or [300, 800])
        rows = compare_all((_only(situation, only) for situation in plan), tell=console.print)
    console.print("\n" + render(rows) + "\n" + describe_machine(rows))


def _only(situation: Situation, part: str) -> Situation:
    chosen = tuple(program for program in situation.programs if program.name == OURS or part in program.name)
    return replace(situation, programs=chosen)


if __name__ == "__main__":
    typer.run(main)
