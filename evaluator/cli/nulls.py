"""``nulls``: what submissions that look at no scan reach on a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluator import results
from evaluator.cli import console
from evaluator.cohort import read_cohort
from evaluator.errors import UsageError
from evaluator.pipeline import null_results
from evaluator.records import Rate
from evaluator.report import make_report


def register(app: typer.Typer) -> None:
    app.command("nulls")(nulls)


def nulls(
    folder: Annotated[Path, typer.Argument(help="A folder of cases, checked by `cohort check`.")],
    *,
    organ: Annotated[str, typer.Option(help="Whose mask the submission “whole-organ” marks.")] = "pancreas",
    out: Annotated[Path, typer.Option(help="A new folder: a results file for each.")],
    json: bool = console.JSON_OPTION,
) -> None:
    """Score null submissions: all negative, all positive, random, and the whole organ where its mask is there."""
    if out.exists():
        raise UsageError(f"{out} is there already.", next_step="Name a new folder.")
    cohort = read_cohort(folder)
    with console.progress("Scoring", len(cohort.cases)) as advance:
        found = null_results(cohort, organ=organ, progress=advance)
    out.mkdir(parents=True)
    for kind, made in found.items():
        results.write(out / f"{kind}.json", made)
    blocks = {kind: make_report([made], prevalences=[]).models[0].overall for kind, made in found.items()}
    if json:
        console.emit_json({"schema": "nulls/1", "folder": str(out), "nulls": blocks})
        return
    rows = [
        [str(kind), *(_written(rate) for rate in (block.sensitivity["all"], block.specificity, block.t_sen["all"]))]
        for kind, block in blocks.items()
    ]
    console.table(f"{cohort.hospital}", ["submission", "sensitivity", "specificity", "T-Sen"], rows)
    console.say(f"Results files: {out}")


def _written(rate: Rate) -> str:
    return "–" if rate.value is None else f"{100 * rate.value:.1f} % of {rate.n}"
