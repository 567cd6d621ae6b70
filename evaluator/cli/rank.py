"""`rank`: the domain-transfer ranking of a table or of results files, other methods beside it, and its verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from evaluator import results as wire
from evaluator.cli import console
from evaluator.cli.ranked import print_method, print_ranking, print_verification
from evaluator.errors import FaultLine, TableRefused, UsageError
from evaluator.ranking import (
    DEFAULT_PANEL_MINIMUM,
    DEFAULT_REPLICATES,
    METHODS,
    SCHEMA,
    TRANSFER,
    YOUDEN,
    Admission,
    MethodRanking,
    Ranking,
    admit_results,
    admit_table,
    product_on,
    rank_admitted,
    rank_by_method,
    read_table,
    verify_snapshot,
)

Told = TypeVar("Told", Ranking, MethodRanking)


def register(app: typer.Typer) -> None:
    app.command("rank")(rank_command)


def rank_command(
    *,
    files: Annotated[list[Path] | None, typer.Argument(metavar="[RESULTS.json...]", help="What `run` wrote.")] = None,
    table: Annotated[Path | None, typer.Option(help="A CSV: model,hospital,case,patient,value and more.")] = None,
    value: str = typer.Option("value", help="The table's column to rank by; higher is better."),
    lower_is_better: bool = typer.Option(False, "--lower-is-better", help="Of the value's column."),
    method: str = typer.Option(TRANSFER, help=f"{', '.join(METHODS)}; all but the first for comparison only."),
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="Hold the ranking against the groups of this attribute, again for another; without it, all known ones."
        ),
    ] = None,
    statistic: str = typer.Option(
        YOUDEN, help="youden, sensitivity less false alarms, or auc, the area under the ROC curve (results only)."
    ),
    device: str = typer.Option("cpu", help="Where patients are redrawn: cpu, or cuda with torch and a GPU."),
    verify: Annotated[Path | None, typer.Option(help="A snapshot's folder: compute it again and compare.")] = None,
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
    if sum((table is not None, bool(files), verify is not None)) != 1:
        raise UsageError("Give results files, a --table or a snapshot to --verify, one of the three.")
    if method not in METHODS:
        raise UsageError(f"There is no method {method!r}.", next_step=f"Choose one of {', '.join(METHODS)}.")
    if lower_is_better and table is None:
        raise UsageError("--lower-is-better is about a --table's values.", next_step="Leave it out.")
    if verify is not None:
        _verify(verify, as_json=as_json)
        return
    if statistic != YOUDEN and table is not None:
        raise UsageError("--statistic is about results; a --table is ranked by its value.", next_step="Leave it out.")
    product = product_on(device)
    try:
        admission = (
            _admit_table(table, value=value, by=by, lower_is_better=lower_is_better)
            if table is not None
            else admit_results(
                [wire.read(path) for path in files or ()],
                panel_minimum=panel_minimum,
                weight=1.0,
                statistic=statistic,
            )
        )
    except TableRefused as error:
        if as_json:
            console.emit_json({"schema": SCHEMA, "models": [], "pairs": [], "refused": error.faults})
        raise
    if method == TRANSFER:
        ranking = rank_admitted(
            admission, by=by, lower_is_better=lower_is_better, replicates=replicates, seed=seed, product=product
        )
        _tell(ranking, print_ranking, as_json=as_json)
    else:
        _tell(rank_by_method(admission, method=method, lower_is_better=lower_is_better), print_method, as_json=as_json)


def _admit_table(table: Path, *, value: str, by: Sequence[str] | None, lower_is_better: bool) -> Admission:
    rows, notes = read_table(table)
    return admit_table(rows, value=value, by=by, lower_is_better=lower_is_better, notes=notes)


def _tell(ranking: Told, for_people: Callable[[Told], None], *, as_json: bool) -> None:
    if as_json:
        console.emit_json(ranking)
    else:
        for_people(ranking)
    if ranking.refused:
        raise TableRefused(
            "Something was refused and is not in the ranking.",
            faults=ranking.refused,
            next_step="Correct it and rank again.",
        )


def _verify(folder: Path, *, as_json: bool) -> None:
    found = verify_snapshot(folder)
    if as_json:
        console.emit_json(found)
    else:
        print_verification(found)
    if not found.identical:
        raise TableRefused(
            f"The snapshot in {folder} does not give its own numbers.",
            faults=[
                FaultLine(what=f"{one.published!r} is published, {one.recomputed!r} was computed", where=one.where)
                for one in found.differences[:10]
            ],
            next_step="Download it again; if it still differs, tell those who published it.",
        )
