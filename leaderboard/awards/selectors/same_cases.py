"""Candidates against radiologists who read the very same cases, where a benchmark has such readings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.ranking import Entry as Answers
from evaluator.statistics.readers import Figure, ReaderComparison, compare_with_readers
from leaderboard.awards.models import Criterion, ReaderStudy
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation
from leaderboard.rankings.selectors import answers_in

FIGURES = {
    Criterion.Metric.SENSITIVITY.value: Figure.SENSITIVITY,
    Criterion.Metric.SPECIFICITY.value: Figure.SPECIFICITY,
}


@dataclass(frozen=True, kw_only=True)
class SameCases:
    """One criterion: a word, and the sentence with the numbers."""

    word: str
    sentence: str


NO_READERS = SameCases(
    word="no readers",
    sentence="No radiologists’ readings of these cases are on this platform, so superiority on them is not judged.",
)
OF_ALL_SIZES = SameCases(word="not judged", sentence="Readers are compared over all sizes only.")


def same_cases(
    benchmark: Benchmark, evaluations: Sequence[Evaluation], *, off_panel: Collection[str]
) -> dict[int, dict[str, SameCases]]:
    """Of each evaluation, by metric; empty where nobody has read the cases."""
    study = ReaderStudy.objects.filter(benchmark=benchmark).first()
    if study is None:
        return {}
    read = {(name, patient): calls for name, patient, calls in study.calls if name not in off_panel}
    found = zip(evaluations, answers_in(evaluations), strict=True)
    return {evaluation.pk: compared(answers, read) for evaluation, answers in found}


def compared(answers: Answers, read: dict[tuple[str, str], list[int]]) -> dict[str, SameCases]:
    """On the patients that both the model and the readers answered."""
    flagged, calls, cancer = [], [], []
    for name, hospital in answers.hospitals.items():
        for case, correct in zip(hospital.patients, hospital.correct, strict=True):
            said = read.get((name, case.patient))
            if said is not None:
                flagged.append(bool(correct) == case.cancer)
                calls.append(said)
                cancer.append(case.cancer)
    readers = np.array(calls, dtype=float).T if calls else np.empty((0, 0))
    return {
        metric: judged(compare_with_readers(np.array(flagged, dtype=float), readers, cancer, figure=figure))
        for metric, figure in FIGURES.items()
    }


def judged(found: ReaderComparison) -> SameCases:
    """Superior only with a whole interval above the readers' mean (one-sided 0.025)."""
    if found.low is None:
        return SameCases(word="no test", sentence=found.sentence)
    return SameCases(word="superior" if found.low > 0 else "not superior", sentence=found.sentence)
