"""Simulations of every interval and of the rank sets: `python -m tests.benchmarks.simulations.run`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from tests.benchmarks.simulations.coverage import Coverage, cover_all
from tests.benchmarks.simulations.rank_sets import FIELDS, simulate

SEED = 20261124


def all_tables(*, replicates: int, ranked: int, draws: int) -> tuple[list[Coverage], list[tuple[Coverage, Coverage]]]:
    """Coverage of the intervals, and of the rank sets in ``ranked`` replicates of ``draws`` bootstrap draws each."""
    sets = [simulate(field, replicates=ranked, draws=draws, seed=SEED) for field in FIELDS]
    return cover_all(replicates=replicates, seed=SEED), sets


def render(rows: Iterable[Coverage]) -> str:
    lines = ["| situation | replicates | share |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.replicates:,} | {100 * row.share:.1f} % |" for row in rows)])


def main(
    replicates: Annotated[int, typer.Option(help="Of each interval.")] = 20_000,
    ranked: Annotated[int, typer.Option(help="Panels that are ranked.")] = 2_000,
    draws: Annotated[int, typer.Option(help="Bootstrap draws of each ranking.")] = 2_000,
) -> None:
    """Print the tables."""
    intervals, sets = all_tables(replicates=replicates, ranked=ranked, draws=draws)
    print(render(intervals), render(row for pair in sets for row in pair), f"Seed {SEED}.", sep="\n\n")  # noqa: T201


if __name__ == "__main__":
    typer.run(main)
