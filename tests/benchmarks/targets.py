"""The targets of the design, and whether a figure meets its own. They hold for the full sizes only."""

from __future__ import annotations

from collections.abc import Mapping

from tests.benchmarks.plan import CASE, GLUE, MANY, MEDPY_CROPPED, MEDPY_WHOLE, OUTLINE, PANOPTICA

SECONDS: Mapping[tuple[str, str], float] = {
    (CASE, "300 slices"): 0.15,
    (CASE, "300 slices, 2,000 specks"): 0.3,
    (CASE, "800 slices"): 0.25,
    (MANY, "377 structures"): 10.0,
}
TIMES: Mapping[tuple[str, str], float] = {
    (CASE, GLUE): 10.0,
    (CASE, PANOPTICA): 20.0,
    (CASE, MEDPY_WHOLE): 200.0,
    (CASE, MEDPY_CROPPED): 1.0,
    (OUTLINE, MEDPY_WHOLE): 200.0,
    (OUTLINE, MEDPY_CROPPED): 1.0,
}


def judge_seconds(table: str, situation: str, seconds: float) -> str:
    target = SECONDS.get((table, situation))
    return "" if target is None else f"≤ {target:g} s: {_met(seconds <= target)}"


def judge_ratio(table: str, program: str, ratio: float) -> str:
    target = TIMES.get((table, program))
    return "" if target is None else f"≥ {target:g}×: {_met(ratio >= target)}"


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"
