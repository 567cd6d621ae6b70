"""The targets of the design, and whether a figure meets its own. They hold for the full sizes only."""

from __future__ import annotations

from collections.abc import Mapping

from tests.benchmarks.plan import CASE, COHORT, GLUE, MANY, MEDPY_CROPPED, MEDPY_WHOLE, OUTLINE, PANOPTICA, RANKING

SECONDS: Mapping[tuple[str, str], float] = {
    (CASE, "300 slices"): 0.15,
    (CASE, "300 slices, 2,000 specks"): 0.3,
    (CASE, "800 slices"): 0.25,
    (MANY, "377 structures"): 10.0,
    (COHORT, "AUC with its interval"): 0.05,
    (COHORT, "20 models ranked"): 1.0,
    (RANKING, "20 models, 10 hospitals, 10,000 patients"): 1.0,
    (RANKING, "200 models, 145 hospitals, 36,390 patients"): 5.0,
    (RANKING, "7.3 million rows, everything"): 180.0,
}
GIGABYTES: Mapping[str, float] = {
    "200 models, 145 hospitals, 36,390 patients": 1.0,
    "7.3 million rows, everything": 3.0,
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


def judge_memory(situation: str, held: int) -> str:
    target = GIGABYTES.get(situation)
    return "" if target is None else f"≤ {target:g} GB: {_met(held <= 1e9 * target)}"


def judge_ratio(table: str, program: str, ratio: float) -> str:
    target = TIMES.get((table, program))
    return "" if target is None else f"≥ {target:g}×: {_met(ratio >= target)}"


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"
