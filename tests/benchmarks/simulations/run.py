"""Simulations of every interval and of the rank sets: `python -m tests.benchmarks.simulations.run`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
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


def as_html(intervals: Sequence[Coverage], sets: Sequence[tuple[Coverage, Coverage]]) -> str:
    """The tables as the website's page "How the numbers are made" takes them in."""
    apart = [row for _, row in sets if "equal" not in row.what]
    return "".join(
        f"{_table(title, rows)}\n"
        for title, rows in (
            ("Share of replicates in which the 95 % interval held the truth", intervals),
            ("Share in which all rank sets at once held the true ranks", [held for held, _ in sets]),
            (
                "Share in which the best model was placed above the worst",
                apart,
            ),
        )
    )


def _table(title: str, rows: Sequence[Coverage]) -> str:
    heads = ("Situation", ""), ("Replicates", ' class="num"'), ("%", ' class="num"')
    head = "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(row.what)}</th><td class="num">{row.replicates:,}</td>'
        f'<td class="num">{100 * row.share:.1f}</td></tr>\n'
        for row in rows
    )
    table = f'<table class="table">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>'
    return f"<details><summary>{title}</summary>\n{table}\n</details>"


def main(
    replicates: Annotated[int, typer.Option(help="Of each interval.")] = 20_000,
    ranked: Annotated[int, typer.Option(help="Panels that are ranked.")] = 2_000,
    draws: Annotated[int, typer.Option(help="Bootstrap draws of each ranking.")] = 2_000,
    html: Annotated[Path | None, typer.Option(help="Where to write the tables of the website's page.")] = None,
) -> None:
    """Print the tables."""
    intervals, sets = all_tables(replicates=replicates, ranked=ranked, draws=draws)
    if html:
        html.write_text(f'{as_html(intervals, sets)}<p class="muted small">Seed {SEED}.</p>\n')
    print(render(intervals), render(row for pair in sets for row in pair), f"Seed {SEED}.", sep="\n\n")  # noqa: T201


if __name__ == "__main__":
    typer.run(main)
