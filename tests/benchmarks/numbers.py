"""The numbers a program gives, under the name of the convention they follow, and how far two programs are apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from evaluator.records import StructureScore

Numbers = Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How many numbers two programs both gave, the largest relative difference among them, and where it is."""

    compared: int
    worst: float
    where: str


def compare(ours: Numbers, theirs: Numbers) -> Agreement:
    shared = sorted(ours.keys() & theirs.keys())
    apart = [(_apart(ours[name], theirs[name]), name) for name in shared]
    worst, where = max(apart, default=(0.0, ""))
    return Agreement(compared=len(shared), worst=worst, where=where if worst else "")


def _apart(a: float | None, b: float | None) -> float:
    if a is None or b is None or math.isnan(a) or math.isnan(b):
        return 0.0 if a is None and b is None else math.inf
    return abs(a - b) / max(abs(a), abs(b)) if a != b else 0.0


def numbers_of(score: StructureScore, *, structure: str = "") -> dict[str, float | None]:
    """Ours, under the names that the peers' modules use."""
    found: dict[str, float | None] = {
        "dice": score.dice,
        "iou": score.iou,
        "hd": score.hd,
        "hd95_pooled": score.hd95_pooled,
        "hd95_max": score.hd95_max,
        "assd_pooled": score.assd_pooled,
        "masd": score.masd,
        **{f"nsd_voxels@{tolerance}": value for tolerance, value in score.nsd.items()},
        **{f"nsd_area@{tolerance}": value for tolerance, value in score.nsd_area.items()},
    }
    return under(structure, found)


def under(structure: str, numbers: Numbers) -> dict[str, float | None]:
    return {f"{structure}.{name}" if structure else name: value for name, value in numbers.items()}
