"""``synthesize``: cohorts of made-up hospitals, for demonstrations and tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluator.cli import console
from evaluator.synthetic import SAMPLE_CASES, Order, is_finished, synthesize


def register(app: typer.Typer) -> None:
    app.command(name="synthesize")(command)


def command(
    out: Annotated[Path, typer.Argument(help="A new folder; one cohort folder per hospital is made in it.")],
    *,
    hospitals: Annotated[int, typer.Option(min=1, max=100, help="How many hospitals.")] = 4,
    cases: Annotated[int, typer.Option(min=1, help="Scans per hospital.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same scans.")] = 7,
    coarseness: Annotated[float, typer.Option(min=1, max=8, help="Multiplies voxel sizes: quicker and smaller.")] = 1.0,
    calibration: Annotated[
        int, typer.Option(min=0, help="Scans of a cohort to freeze operating points on; 0 for none.")
    ] = 0,
    json: bool = console.JSON_OPTION,
) -> None:
    """Make cohorts of several hospitals that differ in scanners, protocols, patients and tumours.

    The scans are drawn, not real. A small public `sample` cohort is made beside them.
    """
    order = Order(hospitals=hospitals, cases=cases, seed=seed, coarseness=coarseness, calibration=calibration)
    finished = is_finished(out, order)
    with console.progress("Drawing scans", hospitals * cases + calibration + SAMPLE_CASES) as advance:
        cohorts = synthesize(
            out,
            hospitals=hospitals,
            cases=cases,
            seed=seed,
            progress=advance,
            coarseness=coarseness,
            calibration=calibration,
        )
    if json:
        console.emit_json(
            {
                "schema": "synthesis/1",
                "already_there": finished,
                "hospitals": hospitals,
                "cases": cases,
                "calibration": calibration,
                "seed": seed,
                "cohorts": [str(path) for path in cohorts],
            }
        )
        return
    console.say("Already there, made with the same numbers:" if finished else "Made:")
    for path in cohorts:
        console.say(f"  {path}")
