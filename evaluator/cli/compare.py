"""`compare`: two submissions on the same patients."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from evaluator import results as wire
from evaluator.cli import console
from evaluator.statistics.bootstrap import FEWEST_REPLICATES
from evaluator.statistics.versus import compare_results

SCHEMA = "evaluator-compare/1"


def register(app: typer.Typer) -> None:
    app.command("compare")(compare_command)


def compare_command(
    *,
    first: Annotated[Path, typer.Argument(metavar="A.json", help="What `run` wrote.")],
    second: Annotated[Path, typer.Argument(metavar="B.json", help="The same for the other submission.")],
    all_scans: bool = typer.Option(False, "--all-scans", help="Also over all scans, by drawing patients."),
    replicates: int = typer.Option(FEWEST_REPLICATES, help="Draws of patients, for --all-scans."),
    seed: int = typer.Option(1, min=0, help="Of the draws; the same seed gives the same numbers."),
    as_json: bool = console.JSON_OPTION,
) -> None:
    """The first minus the second: sensitivity and specificity at each one's operating point, and AUC."""
    asked = {"replicates": replicates, "seed": seed} if all_scans else {}
    found = compare_results(wire.read(first), wire.read(second), **asked)
    if as_json:
        console.emit_json({"schema": SCHEMA, **asdict(found), "sentence": found.sentence})
        return
    console.say(found.sentence)
    if found.all_scans is not None:
        for name in ("sensitivity", "specificity", "auc"):
            console.say(f"All scans, {name}: {getattr(found.all_scans, name).sentence}")
