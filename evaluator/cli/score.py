"""`score`: one prediction against one reference, from files."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from evaluator.cli import audited, console
from evaluator.errors import InputRefused, OutputRefused, UsageError
from evaluator.records import CaseScore, Point, Prediction
from evaluator.scoring import DEFAULT_EXTRACTION, DEFAULT_HIT_RULE, SCORER, score_case
from evaluator.volumes import read_volume

SCHEMA = "evaluator-score/1"


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One line of a findings file."""

    label: Annotated[int, msgspec.Meta(ge=1)]
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)]


def register(app: typer.Typer) -> None:
    app.command("score")(score)


def score(
    *,
    reference: Annotated[Path, typer.Option(help="Lesion labels of the reference standard.")],
    prediction: Annotated[Path, typer.Option(help="Integer labels or a detection map, on the same grid.")],
    findings: Annotated[Path | None, typer.Option(help="findings.json with a confidence for each label.")] = None,
    organs: Annotated[Path | None, typer.Option(help="Integer organ labels, to say where a lesion lies.")] = None,
    tolerance: Annotated[
        list[float] | None, typer.Option(help="Tolerance of the surface Dice in mm, 2.0 by default; may be repeated.")
    ] = None,
    hit_rule: Annotated[str, typer.Option(help="When a finding hits a lesion.")] = DEFAULT_HIT_RULE,
    audit: Annotated[
        bool, typer.Option("--audit", help="Score it again with medpy; exit code 5 if that differs.")
    ] = False,
    extraction: Annotated[str, typer.Option(help="How findings are cut out of a detection map.")] = DEFAULT_EXTRACTION,
    connectivity: Annotated[int, typer.Option(help="Neighbours by which voxels connect: 6, 18 or 26.")] = 26,
    as_json: bool = console.JSON_OPTION,
) -> None:
    """Score one prediction: overlap, surface distances, lesions hit, findings, likelihood."""
    tolerances = tolerance or [2.0]
    if not all(math.isfinite(value) and value >= 0 for value in tolerances):
        raise UsageError("A tolerance is a length in mm, 0 or more.", next_step="For example --tolerance 2.0.")
    truth = read_volume(reference)
    try:
        found = Prediction(
            lesions=read_volume(prediction, expect=truth.grid),
            confidences=None if findings is None else _read_confidences(findings),
        )
        scored = score_case(
            truth,
            found,
            organs=None if organs is None else read_volume(organs, expect=truth.grid),
            hit_rule=hit_rule,
            tolerances=tolerances,
            extraction=extraction,
            connectivity=connectivity,
        )
    except OutputRefused as error:  # here nobody's container wrote it: it is this command's input
        raise InputRefused(error.what, why=error.why, next_step=error.next_step) from error
    checked = audited.audit_score(scored, reference=truth, prediction=found, hit_rule=hit_rule) if audit else None
    if as_json:
        how = {"hit_rule": hit_rule, "extraction": extraction, "connectivity": connectivity}
        document = {"schema": SCHEMA, "scorer": SCORER, **how, **asdict(scored)}
        console.emit_json(document | ({"audit": audited.as_json(*checked)} if checked else {}))
    else:
        _show(scored, hit_rule)
        if checked:
            audited.show(*checked)
    if checked:
        audited.require_agreement(checked[0])


def _read_confidences(path: Path) -> dict[int, float]:
    try:
        lines = msgspec.json.decode(path.read_bytes(), type=list[_Line])
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        raise InputRefused(
            f"{path} is not a findings file.",
            why=f"{error}.",
            next_step='Write [{"label": 1, "confidence": 0.87}], a line for each label.',
        ) from error
    confidences = {line.label: line.confidence for line in lines}
    if len(confidences) < len(lines):
        raise InputRefused(f"{path} names a label twice.", next_step="Give one confidence for each label.")
    return confidences


def _show(scored: CaseScore, hit_rule: str) -> None:
    for name, structure in scored.structures.items():
        rows = [
            ["Dice", _number(structure.dice, 4)],
            *([f"NSD at {tolerance} mm", _number(value, 4)] for tolerance, value in structure.nsd.items()),
            ["HD95 pooled (mm)", _number(structure.hd95_pooled)],
            ["HD95 max (mm)", _number(structure.hd95_max)],
            ["ASSD pooled (mm)", _number(structure.assd_pooled)],
            ["MASD (mm)", _number(structure.masd)],
            ["Volume, reference (mL)", _number(structure.volume_reference_ml, 3)],
            ["Volume, prediction (mL)", _number(structure.volume_prediction_ml, 3)],
        ]
        console.table(f"{name} ({SCORER})", ["measure", "value"], rows)
    console.table(
        f"Lesions, hit by {hit_rule}",
        ["id", "diameter (mm)", "volume (mL)", "centre (mm, RAS)", "location", "hit", "finding"],
        [
            [
                str(lesion.id),
                _number(lesion.diameter_mm, 1),
                _number(lesion.volume_ml, 3),
                _point(lesion.centre_mm),
                lesion.location or "–",
                "yes" if lesion.hit else "no",
                str(lesion.finding or "–"),
            ]
            for lesion in scored.lesions
        ],
    )
    console.table(
        "Findings",
        ["id", "confidence", "volume (mL)", "centre (mm, RAS)", "lesion"],
        [
            [
                str(finding.id),
                _number(finding.confidence),
                _number(finding.volume_ml, 3),
                _point(finding.centre_mm),
                str(finding.lesion or "–"),
            ]
            for finding in scored.findings
        ],
    )
    console.say(f"Likelihood {scored.likelihood:.4g}, from the {scored.likelihood_source}")


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _point(point: Point) -> str:
    return " ".join(f"{value:.1f}" for value in point)
