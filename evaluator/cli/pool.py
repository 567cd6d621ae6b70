"""`pool`: sensitivity and specificity over hospitals, and what a new hospital may see."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evaluator.cli import console
from evaluator.cli.hospital_table import read_hospitals
from evaluator.cli.numbers import show
from evaluator.errors import TableRefused
from evaluator.statistics.pooled import Pooled, PooledRate
from evaluator.statistics.pooling import pool

SCHEMA = "evaluator-pool/1"


def register(app: typer.Typer) -> None:
    app.command("pool")(pool_command)


def pool_command(
    *,
    table: Annotated[Path, typer.Option(help="A CSV: hospital,positives,detected,negatives,false_positives.")],
    as_json: bool = console.JSON_OPTION,
) -> None:
    """Pool both rates over hospitals jointly, with intervals, heterogeneity and the interval for a new hospital."""
    try:
        hospitals, notes = read_hospitals(table)
    except TableRefused as error:
        if as_json:
            console.emit_json({"schema": SCHEMA, "refused": error.faults})
        raise
    pooled = pool(hospitals)
    if as_json:
        console.emit_json(_document(pooled, notes))
        return
    rows = [[row.hospital, show(row.sensitivity, scale=100), show(row.specificity, scale=100)] for row in pooled.rows]
    console.table("Each hospital, % (95 % interval)", ["hospital", "sensitivity", "specificity"], rows)
    for text in (pooled.sensitivity.sentence, pooled.specificity.sentence, *pooled.notes, *notes):
        console.say(text)


def _document(pooled: Pooled, notes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "sensitivity": _rate(pooled.sensitivity),
        "specificity": _rate(pooled.specificity),
        "correlation": pooled.correlation,
        "hospitals": pooled.hospitals,
        "rows": pooled.rows,
        "sensitivity_analysis": pooled.reitsma,
        "notes": [*pooled.notes, *notes],
        "version": pooled.version,
        "sentence": pooled.sentence,
    }


def _rate(rate: PooledRate) -> dict[str, Any]:
    return {
        "value": rate.value,
        "low": rate.low,
        "high": rate.high,
        "prediction": rate.prediction,
        "tau2": rate.tau2,
        "i2": rate.i2,
        "together": rate.together,
        "hospitals": rate.hospitals,
        "method": rate.method,
        "sentence": rate.sentence,
    }
