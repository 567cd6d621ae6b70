"""Average precision over findings, as picai-eval computes it: for comparison with PANORAMA and PI-CAI."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluator.records import Rate
from evaluator.statistics.intervals import NO_PATIENTS
from evaluator.statistics.marks import Floats, collect, has_confidences
from evaluator.statistics.outcomes import Outcome

METHOD = "average precision, picai-eval"


def average_precision_picai(outcomes: Sequence[Outcome]) -> Rate:
    """Area under precision against recall over all findings of all scans, as steps.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Scans of one submission. Those with cancer but without a lesion reference are left out.

    Returns
    -------
    Rate
        ``k`` is the lesions hit at any confidence, ``n`` all lesions; no interval. A hit of confidence 0 adds nothing,
        as in picai-eval; a failed scan hits nothing and has one false positive above every confidence. ``value`` is
        None without a lesion, or without confidences. It is PANORAMA's number only where the hit rule is `picai`.

    Raises
    ------
    ValueError
        A confidence that is not a number.

    References
    ----------
    Saha A et al. Artificial intelligence and radiologists in prostate cancer detection on MRI (PI-CAI).
    Lancet Oncol 2024;25:879–887.
    """
    if not has_confidences(outcomes):
        why = "not available: the submission gives a mask and no confidences"
        return Rate(value=None, low=None, high=None, k=None, n=None, method=why)
    marks = collect(outcomes)
    lesions = int(marks.lesions.sum())
    if lesions == 0:
        return Rate(value=None, low=None, high=None, k=0, n=0, method=f"{NO_PATIENTS} with a lesion reference")
    return Rate(
        value=_area(marks.hits.confidence, marks.false_positives.confidence, lesions),
        low=None,
        high=None,
        k=len(marks.hits.confidence),
        n=lesions,
        method=METHOD,
    )


def _area(hits: Floats, false_positives: Floats, lesions: int) -> float:
    thresholds = np.unique(hits[hits > 0])[::-1]
    found = np.searchsorted(-np.sort(hits)[::-1], -thresholds, side="right")
    wrong = np.searchsorted(-np.sort(false_positives)[::-1], -thresholds, side="right")
    steps = np.diff(found, prepend=0) / lesions
    return float((steps * found / (found + wrong)).sum())
