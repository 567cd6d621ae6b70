"""`two-stage`: what two tests in a row find, and at what price."""

from __future__ import annotations

import re

import typer

from evaluator.cli import console
from evaluator.errors import UsageError
from evaluator.statistics.two_stage import Programme, Stage, screen_in_two_stages

SCHEMA = "evaluator-two-stage/1"
SHOWN = ("sensitivity", "specificity", "enriched_prevalence", "ppv", "npv", "false_alarms_per_1000", "assumption")
PROPORTION = re.compile(r"(?:0|1|0?\.\d{1,17}|0\.|1\.0*)", re.ASCII)


def read_stage(text: str, *, what: str) -> Stage:
    """Read "0.542,0.770"."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(PROPORTION.fullmatch(part) for part in parts):
        raise UsageError(
            f"{what} {text!r} is not a sensitivity and a specificity.",
            why="It is two proportions between 0 and 1 with a comma between them.",
            next_step="Write it like 0.542,0.770.",
        )
    return Stage(sensitivity=float(parts[0]), specificity=float(parts[1]))


def register(app: typer.Typer) -> None:
    app.command("two-stage")(two_stage_command)


def two_stage_command(
    *,
    prevalence: float = typer.Option(..., help="Share of people with cancer who enter stage one: 0.01 is 1 %."),
    stage1: str = typer.Option(..., metavar="Se,Sp", help="Sensitivity and specificity of stage one, as 0.542,0.770."),
    stage2: str = typer.Option(..., metavar="Se,Sp", help="The same of the test that those called by stage one get."),
    as_json: bool = console.JSON_OPTION,
) -> None:
    """Sensitivity, PPV and false alarms of a programme whose second test is given to whom the first calls."""
    programme = screen_in_two_stages(
        prevalence=prevalence,
        stage1=read_stage(stage1, what="The stage one"),
        stage2=read_stage(stage2, what="The stage two"),
    )
    if as_json:
        console.emit_json({"schema": SCHEMA, **{name: getattr(programme, name) for name in SHOWN}})
        return
    console.table(f"Two stages at a prevalence of {100 * prevalence:g} %", ["", "value"], _rows(programme))
    console.say(f"Assumption: {programme.assumption}")


def _rows(programme: Programme) -> list[list[str]]:
    percents = {
        "programme sensitivity, %": programme.sensitivity,
        "programme specificity, %": programme.specificity,
        "prevalence after stage one, %": programme.enriched_prevalence,
        "PPV, %": programme.ppv,
        "NPV, %": programme.npv,
    }
    rows = [[name, "nobody" if value is None else f"{100 * value:.3f}"] for name, value in percents.items()]
    return [*rows, ["False-positive people per 1,000 who enter", f"{programme.false_alarms_per_1000:.3f}"]]
