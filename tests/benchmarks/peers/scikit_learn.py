"""scikit-learn in a loop over the resamples, as most papers do it; the same draws as ours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from tests.benchmarks.case import CaseFiles
from tests.benchmarks.cohort_inputs import read_cohort
from tests.benchmarks.numbers import Numbers


def interval(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """One area, and its percentile limits."""
    cohort = read_cohort(files.reference)

    def run() -> Numbers:
        scores = cohort.likelihood[:, 0]
        np.percentile([roc_auc_score(cohort.truth, scores, sample_weight=times) for times in cohort.times], [2.5, 97.5])
        return {"auc": float(roc_auc_score(cohort.truth, scores))}

    return run


def intervals(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """The areas alone: it has no interval."""
    cohort = read_cohort(files.reference)
    return lambda: {
        f"auc {number}": float(roc_auc_score(cohort.truth, scores)) for number, scores in enumerate(cohort.likelihood.T)
    }


def bootstrap(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    cohort = read_cohort(files.reference)

    def run() -> Numbers:
        scores = cohort.likelihood[:, 0]
        areas = [roc_auc_score(cohort.truth, scores, sample_weight=times) for times in cohort.times]
        low, high = np.percentile(areas, [2.5, 97.5])
        return {"low": float(low), "high": float(high)}

    return run


def ranking(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    """Each model's score in each of ``label`` replicates; hospitals thrown together, no pairs: less than ours does."""
    cohort = read_cohort(files.reference)
    flagged = cohort.likelihood > 0.5

    def run() -> Numbers:
        def scores(times: NDArray[np.int64] | None = None) -> list[float]:
            return [balanced_accuracy_score(cohort.truth, one, sample_weight=times, adjusted=True) for one in flagged.T]

        np.percentile([scores(times) for times in cohort.times[:label]], [2.5, 97.5], axis=0)
        return {f"score {number}": float(score) for number, score in enumerate(scores())}

    return run
