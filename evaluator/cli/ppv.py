"""`ppv`: what a sensitivity and a specificity mean at a prevalence."""

from __future__ import annotations

import re
from dataclasses import asdict

import typer

from evaluator.cli import console
from evaluator.cli.numbers import show
from evaluator.errors import UsageError
from evaluator.statistics.prevalence import Counts, false_alarms_per_1000, natural_frequencies, npv, ppv

SCHEMA = "evaluator-ppv/1"
COUNTS = re.compile(r"(\d{1,12})/(\d{1,12})", re.ASCII)


def read_counts(text: str, *, what: str) -> Counts:
    """Read "95/100"."""
    found = COUNTS.fullmatch(text.strip())
    if not found or int(found[2]) == 0 or int(found[1]) > int(found[2]):
        raise UsageError(
            f"{what} {text!r} is not counted patients.",
            why="It is how many of how many: whole numbers, the first at most the second, the second at least 1.",
            next_step="Write it like 95/100.",
        )
    return int(found[1]), int(found[2])


def register(app: typer.Typer) -> None:
    app.command("ppv")(ppv_command)


def ppv_command(
    *,
    sensitivity: str = typer.Option(..., help="Flagged cancers of all cancers, as 95/100."),
    specificity: str = typer.Option(..., help="Cleared patients of all without cancer, as 990/1000."),
    prevalence: float = typer.Option(..., help="Share of people with cancer: 0.04 is 4 %."),
    as_json: bool = console.JSON_OPTION,
) -> None:
    """PPV, NPV and false alarms at a prevalence, each with its 95 % interval, and the same in whole people."""
    found = read_counts(sensitivity, what="The sensitivity")
    cleared = read_counts(specificity, what="The specificity")
    positive = ppv(sensitivity=found, specificity=cleared, prevalence=prevalence)
    negative = npv(sensitivity=found, specificity=cleared, prevalence=prevalence)
    alarms = false_alarms_per_1000(specificity=cleared, prevalence=prevalence)
    people = natural_frequencies(sensitivity=found, specificity=cleared, prevalence=prevalence)
    if as_json:
        rates = {"ppv": positive, "npv": negative, "false_alarms_per_1000": alarms}
        console.emit_json({"schema": SCHEMA, **rates, **asdict(people)})
        return
    rows = [
        ["PPV, %", show(positive, scale=100, digits=2)],
        ["NPV, %", show(negative, scale=100, digits=2)],
        ["False-positive patients per 1,000 scans", show(alarms, digits=2)],
    ]
    console.table(f"At a prevalence of {100 * prevalence:g} %", ["", "value (95 % interval)"], rows)
    console.say(
        f"Of {people.population:,} people: {people.true_positives:,} cancers found, {people.false_negatives:,} missed, "
        f"{people.false_positives:,} false alarms, {people.true_negatives:,} cleared."
    )
