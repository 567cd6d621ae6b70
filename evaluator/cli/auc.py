"""`auc`: the area under the ROC curve of a table of scores, with its interval."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluator.cli import console
from evaluator.cli.scores import read_scores
from evaluator.errors import TableRefused
from evaluator.statistics.roc import auc

SCHEMA = "evaluator-auc/1"


def register(app: typer.Typer) -> None:
    app.command("auc")(auc_command)


def auc_command(
    *,
    table: Annotated[Path, typer.Option(help="A CSV: score,truth and, where patients have several rows, patient.")],
    as_json: bool = console.JSON_OPTION,
) -> None:
    """AUC with DeLong's interval, or Obuchowski's where patients have several rows."""
    try:
        read = read_scores(table)
    except TableRefused as error:
        if as_json:
            console.emit_json({"schema": SCHEMA, "auc": None, "refused": error.faults})
        raise
    repeated = read.patients is not None and len(set(read.patients)) < len(read.patients)
    area = auc(read.scores, read.truth, patients=read.patients if repeated else None)
    if as_json:
        console.emit_json(
            {"schema": SCHEMA, "auc": area, "sentence": area.sentence, "notes": read.notes, "refused": []}
        )
        return
    console.say(area.sentence)
    for note in read.notes:
        console.say(note)
