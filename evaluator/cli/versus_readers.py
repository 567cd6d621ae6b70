"""`versus-readers`: whether a submission exceeds the published range of radiologists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from evaluator import results as wire
from evaluator.cli import console
from evaluator.cli.numbers import show
from evaluator.errors import UsageError
from evaluator.ranking.names import same_name
from evaluator.results import Results
from evaluator.statistics.goals import GoalVerdict
from evaluator.statistics.outcomes import HospitalOutcomes, answers, by_submission
from evaluator.statistics.versus_readers import judge_against_readers, new_hospital_bounds

SCHEMA = "evaluator-versus-readers/1"
FAILURES_ALLOWED = 0.05


def register(app: typer.Typer) -> None:
    app.command("versus-readers")(versus_readers_command)


def versus_readers_command(
    *,
    files: Annotated[list[Path], typer.Argument(metavar="RESULTS.json", help="What `run` wrote, of one submission.")],
    sensitivity_goal: float = typer.Option(0.92, help="Upper end of the readers' published sensitivity."),
    specificity_goal: float = typer.Option(0.96, help="Upper end of the readers' published specificity."),
    as_json: bool = console.JSON_OPTION,
) -> None:
    """Judge the index scans of all hospitals in the files at the submission's own operating point."""
    submissions = by_submission([wire.read(path) for path in files])
    if len(submissions) != 1:
        raise UsageError(
            f"These files are of {len(submissions)} submissions: {', '.join(submissions)}.",
            why="Several judged one by one would pass too often; finalists are judged together, after Holm.",
            next_step="Give the files of one submission.",
        )
    ((model, found),) = submissions.items()
    hospitals = answers(found, threshold=found[0].submission.threshold)
    found_right = {name: _right(one, cancer=True) for name, one in hospitals.items()}
    cleared = {name: _right(one, cancer=False) for name, one in hospitals.items()}
    verdict = judge_against_readers(
        sensitivity=found_right,
        specificity=cleared,
        new_hospitals=new_hospital_bounds(found_right, cleared),
        sensitivity_goal=sensitivity_goal,
        specificity_goal=specificity_goal,
    )
    notes = _notes(found, hospitals)
    if as_json:
        console.emit_json(
            {
                "schema": SCHEMA,
                "model": model,
                "sensitivity": verdict.sensitivity,
                "specificity": verdict.specificity,
                "verdict": verdict.verdict,
                "p": verdict.p,
                "new_hospitals": verdict.new_hospitals,
                "sentence": verdict.sentence,
                "notes": notes,
            }
        )
        return
    rows = [_row("sensitivity", verdict.sensitivity), _row("specificity", verdict.specificity)]
    console.table(model, ["", "verdict", "goal, %", "% (exact 95 % interval)", "one-sided p"], rows)
    for sentence in (verdict.sentence, *notes):
        console.say(sentence)


def _right(hospital: HospitalOutcomes, *, cancer: bool) -> tuple[int, int]:
    right = [outcome.correct for outcome in hospital.patients if outcome.case.cancer is cancer]
    return sum(right), len(right)


def _row(name: str, goal: GoalVerdict) -> list[str]:
    p = "no patients" if goal.p is None else f"{goal.p:.4g}"
    return [name, goal.verdict, f"{100 * goal.goal:g}", show(goal.rate, scale=100), p]


def _notes(files: Sequence[Results], hospitals: dict[str, HospitalOutcomes]) -> list[str]:
    """Why no award could rest on this verdict."""
    notes = []
    trained = {same_name(name) for name in files[0].submission.trained_on}
    seen = [hospital for hospital in hospitals if same_name(hospital) in trained]
    if seen:
        notes.append(f"Trained on patients of {', '.join(seen)}: not eligible on a panel with them.")
    waiting = sum(case.index_scan for one in hospitals.values() for case in one.unanswered)
    if waiting:
        notes.append(f"Incomplete: {waiting} index scans wait for another try and are not counted.")
    scans = [outcome.failed for one in hospitals.values() for outcome in one.patients]
    if sum(scans) > FAILURES_ALLOWED * (len(scans) + waiting):
        notes.append(f"Failed on {sum(scans)} of {len(scans) + waiting} index scans, more than 5 %: not ranked.")
    return notes
