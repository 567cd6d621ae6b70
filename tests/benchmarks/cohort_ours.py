"""Our side of the statistics of a cohort."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evaluator.ranking import rank_table, read_table
from evaluator.ranking.significance import compare_all
from evaluator.statistics.bootstrap import WeightedArea, percentile_limits
from evaluator.statistics.roc import auc, compare_auc
from tests.benchmarks.case import CaseFiles
from tests.benchmarks.cohort_inputs import panel_of, read_cohort
from tests.benchmarks.numbers import Numbers


def interval(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """DeLong's interval of one model."""
    cohort = read_cohort(files.reference)

    def run() -> Numbers:
        area = auc(cohort.likelihood[:, 0], cohort.truth)
        return {"auc": area.value}

    return run


def intervals(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """DeLong's interval of every model, and its difference to the first."""
    cohort = read_cohort(files.reference)

    def run() -> Numbers:
        first, *others = cohort.likelihood.T
        areas = [auc(scores, cohort.truth).value for scores in cohort.likelihood.T]
        return {
            **{f"auc {number}": area for number, area in enumerate(areas)},
            **{f"p {number}": compare_auc(one, first, cohort.truth).p for number, one in enumerate(others, start=1)},
        }

    return run


def bootstrap(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """The area of one model in every replicate."""
    cohort = read_cohort(files.reference)

    def run() -> Numbers:
        areas = WeightedArea(cohort.likelihood[:, 0], cohort.truth)(cohort.times.astype(np.float64))
        low, high = percentile_limits(areas)
        return {"low": float(low), "high": float(high)}

    return run


def ranking(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    """All pairs at once on the panel, ``label`` replicates."""
    panel = panel_of(read_cohort(files.reference))

    def run() -> Numbers:
        compare_all(panel, replicates=label, rng=np.random.default_rng(1))
        return {f"score {number}": float(score) for number, score in enumerate(panel.scores_by_patients())}

    return run


def everything(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    """From the table on disk to the whole ranking with attributes, as `rank --table --value correct` does it."""

    def run() -> Numbers:
        rows, notes = read_table(files.reference)
        ranking = rank_table(rows, value="correct", replicates=label, seed=1, notes=notes)
        return {"models": len(ranking.models), "attributes": len(ranking.attributes)}

    return run
