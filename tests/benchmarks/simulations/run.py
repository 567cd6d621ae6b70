"""Simulations of every interval, of rank sets, groups and pooling: `python -m tests.benchmarks.simulations.run`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tests.benchmarks.simulations.coverage import Coverage, cover_all
from tests.benchmarks.simulations.goals import goals
from tests.benchmarks.simulations.groups import SITUATIONS, detect
from tests.benchmarks.simulations.hospitals import pooled_rates
from tests.benchmarks.simulations.rank_sets import FIELDS, simulate

SEED = 20261124


@dataclass(frozen=True, kw_only=True)
class Size:
    """Replicates of each interval, panels that are ranked, panels with groups, hospitals pooled; bootstrap draws."""

    replicates: int
    ranked: int
    grouped: int
    pooled: int
    draws: int


SMALL = Size(replicates=200, ranked=40, grouped=20, pooled=10, draws=500)
FULL = Size(replicates=20_000, ranked=2_000, grouped=500, pooled=2_000, draws=2_000)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """``sets``: all rank sets at once, and the best above the worst. ``groups``: the verdict, and the reversal."""

    intervals: list[Coverage]
    sets: list[tuple[Coverage, Coverage]]
    groups: list[tuple[Coverage, Coverage]]
    pooled: list[Coverage]
    goals: list[Coverage]

    @property
    def titled(self) -> list[tuple[str, list[Coverage]]]:
        verdicts = [row for row, _ in self.groups]
        reversals = [row for _, row in self.groups]
        return [
            ("Share of replicates in which the 95 % interval held the truth", self.intervals),
            ("Share in which all rank sets at once held the true ranks", [held for held, _ in self.sets]),
            (
                "Share in which the best model was placed above the worst",
                [row for _, row in self.sets if "equal" not in row.what],
            ),
            ("Share in which the ranking was said to change with the group", verdicts),
            ("Share in which the two models that change places were named (where they do not, falsely)", reversals),
            ("Share in which pooling over hospitals held the truth", self.pooled),
            ("Share in which both goals of an award were exceeded", self.goals),
        ]


def all_tables(size: Size) -> Tables:
    return Tables(
        intervals=cover_all(replicates=size.replicates, seed=SEED),
        sets=[simulate(field, replicates=size.ranked, draws=size.draws, seed=SEED) for field in FIELDS],
        groups=[detect(one, replicates=size.grouped, draws=size.draws, seed=SEED) for one in SITUATIONS],
        pooled=pooled_rates(np.random.default_rng(SEED), size.pooled),
        goals=goals(np.random.default_rng(SEED), size.replicates),
    )


def render(tables: Tables) -> str:
    return "\n\n".join(f"## {title}\n\n{_lines(rows)}" for title, rows in tables.titled) + f"\n\nSeed {SEED}."


def _lines(rows: Iterable[Coverage]) -> str:
    lines = ["| situation | replicates | share |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.replicates:,} | {100 * row.share:.1f} % |" for row in rows)])


def as_html(tables: Tables) -> str:
    """The tables as the website's page "How the numbers are made" takes them in."""
    return "".join(f"{_table(title, rows)}\n" for title, rows in tables.titled)


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
    small: Annotated[
        bool, typer.Option("--small", help="As many replicates as the test command has time for.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Where to write the tables of the website's page.")] = None,
) -> None:
    """Print the tables."""
    tables = all_tables(SMALL if small else FULL)
    if html:
        html.write_text(f'{as_html(tables)}<p class="muted small">Seed {SEED}.</p>\n')
    print(render(tables))  # noqa: T201


if __name__ == "__main__":
    typer.run(main)
