"""Our statistics and ranking beside scikit-learn in a loop and picai_eval: time, peak of memory, ratio, agreement.

``python -m tests.benchmarks.cohort_statistics`` measures the full sizes (a quarter of an hour), ``--small`` a cohort of
a few seconds. As in `tests.benchmarks.scoring`, every measurement is a process of its own on one core.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.benchmarks.cohort_plan import full_cohort_plan, small_cohort_plan
from tests.benchmarks.scoring import compare_all, describe_machine
from tests.benchmarks.table import render

LIMIT = 900.0


def main(
    small: Annotated[bool, typer.Option("--small", help="A small cohort, to see that all of it works.")] = False,
) -> None:
    """Print the tables."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    with tempfile.TemporaryDirectory() as folder:
        plan = (small_cohort_plan if small else full_cohort_plan)(Path(folder))
        rows = compare_all(plan, tell=console.print, limit=LIMIT)
    console.print("\n" + render(rows) + "\n" + describe_machine(rows))


if __name__ == "__main__":
    typer.run(main)
