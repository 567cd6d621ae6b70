"""`rank`: the domain-transfer ranking of a table or of results files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluator import results as wire
from evaluator.cli import console
from evaluator.errors import TableRefused, UsageError
from evaluator.ranking import (
    DEFAULT_PANEL_MINIMUM,
    DEFAULT_REPLICATES,
    SCHEMA,
    Ranking,
    rank_results,
    rank_table,
    read_table,
)


def register(app: typer.Typer) -> None:
    app.command("rank")(rank_command)


def rank_command(
    *,
    files: Annotated[list[Path] | None, typer.Argument(metavar="[RESULTS.json...]", help="What `run` wrote.")] = None,
    table: Annotated[Path | None, typer.Option(help="A CSV: model,hospital,case,patient,value and more.")] = None,
    value: str = typer.Option("value", help="The table's column to rank by; higher is better."),
    panel_minimum: int = typer.Option(
        DEFAULT_PANEL_MINIMUM,
        min=0,
        help="Patients with, and as many without cancer, that a hospital needs (results only).",
    ),
    replicates: int = typer.Option(DEFAULT_REPLICATES, help="Bootstrap replicates; 2,000 or more for what counts."),
    seed: int = typer.Option(1, min=0, help="Of the draws; the same seed gives the same ranking."),
    as_json: bool = console.JSON_OPTION,
) -> None:
    """Rank models over hospitals, each hospital one vote, with rank bands instead of bare ranks."""
    if (table is None) == (not files):
        raise UsageError("Give results files or a --table, one of the two.")
    try:
        if table is not None:
            rows, notes = read_table(table)
            ranking = rank_table(rows, value=value, replicates=replicates, seed=seed, notes=notes)
        else:
            found = [wire.read(path) for path in files or ()]
            ranking = rank_results(found, panel_minimum=panel_minimum, replicates=replicates, seed=seed)
    except TableRefused as error:
        if as_json:
            console.emit_json({"schema": SCHEMA, "models": [], "pairs": [], "refused": error.faults})
        raise
    if as_json:
        console.emit_json(ranking)
    else:
        _print(ranking)
    if ranking.refused:
        raise TableRefused(
            "Something was refused and is not in the ranking.",
            faults=ranking.refused,
            next_step="Correct it and rank again.",
        )


def _print(ranking: Ranking) -> None:
    rows = [
        [
            str(model.rank_set[0]) if len(set(model.rank_set)) == 1 else f"{model.rank_set[0]}–{model.rank_set[1]}",
            model.model,
            f"{model.score:.3f}",
            f"{model.worst_hospital.value:.3f} {model.worst_hospital.hospital}",
            *(f"{one.value:.3f} ({one.low:.3f}–{one.high:.3f}) {one.patients}" for one in model.hospitals.values()),
        ]
        for model in ranking.models
    ]
    if rows:
        hospitals = list(ranking.models[0].hospitals)
        console.table(ranking.statistic, ["rank", "model", "score", "worst hospital", *hospitals], rows)
    for pair in ranking.pairs:
        limits = f"{pair.difference:+.3f} ({pair.low:+.3f} to {pair.high:+.3f})"
        console.say(f"{pair.a} − {pair.b}: {limits}, adjusted p {pair.p_adjusted:.4f}")
    for left in ranking.unranked:
        console.say(f"Not ranked: {left.model} {left.reason}.")
    for off in ranking.off_panel:
        console.say(f"Not on the panel: {off.hospital}, {off.reason}.")
    for note in ranking.notes:
        console.say(note)
