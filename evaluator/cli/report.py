"""`report`: results files to sensitivity, specificity, PPV and the rest, with counts and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from evaluator import results as wire
from evaluator.cli import console
from evaluator.cli.numbers import show
from evaluator.errors import TableRefused
from evaluator.report import ModelReport, make_report
from evaluator.results import Results
from evaluator.statistics.block import Block
from evaluator.statistics.curves import Curves
from evaluator.statistics.locking import check_apart, lock_operating_point
from evaluator.statistics.operating_point import OperatingPoint

PREVALENCES = [0.0001, 0.04]
SIZES = {"all": "all", "le20": "≤20 mm", "le10": "≤10", "gt10_le20": ">10–20", "gt20_le40": ">20–40", "gt40": ">40"}


def register(app: typer.Typer) -> None:
    app.command("report")(report_command)


def report_command(
    *,
    files: Annotated[list[Path], typer.Argument(metavar="RESULTS.json...", help="Files that `run` wrote.")],
    prevalence: Annotated[
        list[float], typer.Option(help="Share of people with cancer; may be repeated.")
    ] = PREVALENCES,
    threshold: Annotated[
        float | None, typer.Option(help="Another operating point than the submission's: exploratory.")
    ] = None,
    calibration: Annotated[
        list[Path] | None,
        typer.Option(help="Its results on calibration patients: the operating point is frozen there."),
    ] = None,
    alpha: Annotated[float, typer.Option(help="With --calibration: share of people without cancer flagged.")] = 0.01,
    confident: Annotated[
        bool, typer.Option("--confident", help="At most --alpha with 95 % certainty, rather than on average.")
    ] = False,
    public_minimum: Annotated[int, typer.Option(help="Hide cells of fewer patients than this.")] = 0,
    curves: Annotated[bool, typer.Option("--curves", help="FROC, calibration and net benefit too.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws of patients for --curves.")] = 1,
    as_json: bool = console.JSON_OPTION,
) -> None:
    """Per submission, hospital by hospital and over all of them."""
    results = [wire.read(path) for path in files]
    locked = _locked(results, calibration or [], alpha=alpha, confident=confident)
    report = make_report(
        results,
        prevalences=prevalence,
        threshold=threshold,
        locked=locked,
        public_minimum=public_minimum,
        curves_seed=seed if curves else None,
    )
    if as_json:
        console.emit_json(report)
        return
    if locked is not None:
        console.say(locked.sentence)
    for model in report.models:
        _print(model)


def _locked(
    results: Sequence[Results], files: Sequence[Path], *, alpha: float, confident: bool
) -> OperatingPoint | None:
    if not files:
        return None
    calibration = [wire.read(path) for path in files]
    images = {found.submission.image for found in (*results, *calibration)}
    if len(images) > 1:
        raise TableRefused(
            "The calibration results and the results are not of one image.",
            why="An operating point belongs to the submission it was frozen for.",
            next_step="Report one submission at a time, with its own calibration results.",
        )
    check_apart(calibration, results)
    return lock_operating_point(calibration, alpha=alpha, confident=confident)


def _print(model: ModelReport) -> None:
    columns = {**model.hospitals, "all hospitals": model.overall}
    by_hospital = [_lines(block) for block in columns.values()]
    rows = [[label, *(lines.get(label, "") for lines in by_hospital)] for label in _lines(model.overall)]
    console.table(f"{model.model}, flagged above {model.threshold:g}, {model.operating_point}", ["", *columns], rows)
    console.say("")


def _lines(block: Block) -> dict[str, str]:
    """Label → text, in the order of the table; rates in percent."""
    lines = {"patients with / without cancer": f"{_count(block.patients.positive)} / {_count(block.patients.negative)}"}
    for name, label in SIZES.items():
        lines[f"P-Sen, {label}, %"] = show(block.sensitivity[name], scale=100)
    lines["localised sensitivity, %"] = show(block.localised_sensitivity["all"], scale=100)
    lines["T-Sen, %"] = show(block.t_sen["all"], scale=100)
    lines["T-Sen, ≤20 mm, %"] = show(block.t_sen["le20"], scale=100)
    lines["specificity, %"] = show(block.specificity, scale=100)
    for at, rate in block.ppv.items():
        percent = f"{100 * float(at):g} %"
        lines[f"PPV at {percent}, %"] = show(rate, scale=100, digits=2)
        lines[f"NPV at {percent}, %"] = show(block.npv[at], scale=100, digits=3)
        lines[f"false alarms per 1,000 at {percent}"] = show(block.false_alarms_per_1000[at])
    lines["AUC"] = show(block.auc, digits=3)
    if block.curves is not None:
        lines |= _curve_lines(block.curves)
    lines["DSC"] = show(block.dsc, digits=3)
    classes = ", ".join(f"{name} {cases}" for name, cases in block.failures.by_class.items())
    lines["failed scans"] = f"{block.failures.cases}" + (f" ({classes})" if classes else "")
    return lines


def _curve_lines(curves: Curves) -> dict[str, str]:
    if curves.froc is None or curves.average_precision is None:
        return {"curves": curves.method}
    lines = {
        f"localised, at most {point.at:g} false positives a scan, %": (
            f"{100 * point.localised:.1f} ({100 * point.localised_low:.1f}–{100 * point.localised_high:.1f})"
        )
        for point in curves.froc.froc
    }
    if curves.froc.area is None:
        lines["FROC"] = curves.froc.method
    lines["average precision (as picai-eval)"] = show(curves.average_precision, digits=3)
    if curves.calibration is not None:
        for name in ("slope", "intercept", "brier", "ece"):
            lines[f"calibration, {name}"] = show(getattr(curves.calibration, name), digits=3)
    return lines


def _count(patients: int | None) -> str:
    return "hidden" if patients is None else str(patients)
