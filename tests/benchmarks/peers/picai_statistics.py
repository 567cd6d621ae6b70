"""picai_eval's interval of AUROC and average precision; every patient has one finding."""

from __future__ import annotations

from collections.abc import Callable

from picai_eval.metrics import Metrics

from tests.benchmarks.case import CaseFiles
from tests.benchmarks.cohort_inputs import read_cohort
from tests.benchmarks.numbers import Numbers


def interval(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    cohort = read_cohort(files.reference)
    truth, likelihood = cohort.truth.astype(int).tolist(), cohort.likelihood[:, 0].tolist()
    found = {f"{n:06d}": [(said, score, 1.0)] for n, (said, score) in enumerate(zip(truth, likelihood, strict=True))}

    def run() -> Numbers:
        metrics = Metrics(lesion_results=found)
        metrics.bootstrap_score_ci(n_bootstraps=len(cohort.times), seed=1)
        return {"auc": float(metrics.auroc)}

    return run
