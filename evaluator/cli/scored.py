"""How `score` prints what it found."""

from __future__ import annotations

from evaluator.cli import console
from evaluator.records import CaseScore, Point, StructureScore


def show(score: CaseScore, *, scorer: str, hit_rule: str) -> None:
    for name, structure in score.structures.items():
        console.table(f"{name} ({scorer})", ["measure", "value"], _measures(structure))
    console.table(
        f"Lesions, hit by {hit_rule}",
        ["id", "axial, 3-D (mm)", "slices", "mL", "centre (mm, RAS)", "location", "hit by", "Dice"],
        [
            [
                str(lesion.id),
                f"{_number(lesion.diameter_mm, 1)}, {_number(lesion.diameter_3d_mm, 1)}",
                "–" if lesion.slices is None else f"{lesion.slices[0]}–{lesion.slices[1]}",
                _number(lesion.volume_ml, 3),
                _point(lesion.centre_mm),
                lesion.location or "–",
                str(lesion.finding) if lesion.hit else "none",
                _number(lesion.outline.dice, 4) if lesion.outline else "–",
            ]
            for lesion in score.lesions
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
            for finding in score.findings
        ],
    )
    console.say(f"Likelihood {score.likelihood:.4g}, from the {score.likelihood_source}")


def _measures(structure: StructureScore) -> list[list[str]]:
    return [
        ["Dice", _number(structure.dice, 4)],
        ["IoU", _number(structure.iou, 4)],
        *([f"NSD at {tolerance} mm, voxels", _number(value, 4)] for tolerance, value in structure.nsd.items()),
        *([f"NSD at {tolerance} mm, area", _number(value, 4)] for tolerance, value in structure.nsd_area.items()),
        ["HD (mm)", _number(structure.hd)],
        ["HD95 pooled (mm)", _number(structure.hd95_pooled)],
        ["HD95 max (mm)", _number(structure.hd95_max)],
        ["ASSD pooled (mm)", _number(structure.assd_pooled)],
        ["MASD (mm)", _number(structure.masd)],
        ["Volume, reference (mL)", _number(structure.volume_reference_ml, 3)],
        ["Volume, prediction (mL)", _number(structure.volume_prediction_ml, 3)],
        ["Volume error", "–" if structure.volume_error is None else f"{100 * structure.volume_error:+.1f} %"],
    ]


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _point(point: Point) -> str:
    return " ".join(f"{value:.1f}" for value in point)
