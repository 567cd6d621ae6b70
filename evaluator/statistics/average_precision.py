"""Average precision over findings, as picai-eval computes it: for comparison with PANORAMA and PI-CAI."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluator.records import Rate
from evaluator.statistics.bootstrap import check_replicates, percentile_limits
from evaluator.statistics.intervals import NO_PATIENTS
from evaluator.statistics.marks import NO_CONFIDENCES, Codes, Floats, Marks, collect, has_confidences
from evaluator.statistics.outcomes import Outcome
from evaluator.statistics.patient_draws import redraw

METHOD = "average precision, picai-eval; patient bootstrap, percentile"
NO_VARIATION = "average precision, picai-eval; no interval, for no replicate differs"


def average_precision_picai(outcomes: Sequence[Outcome], *, rng: np.random.Generator, replicates: int = 2000) -> Rate:
    """Area under precision against recall over all findings of all scans, as steps.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Scans of one submission. Those with cancer but without a lesion reference are left out.
    rng : numpy.random.Generator
        Of the draws of patients, within hospital and truth, with all their scans.
    replicates : int
        2,000 at least.

    Returns
    -------
    Rate
        ``k`` is the lesions hit at any confidence, ``n`` all lesions. A hit of confidence 0 adds nothing, as in
        picai-eval; a failed scan hits nothing and has one false positive above every confidence. ``value`` is None
        without a lesion, or without confidences. There is no interval where all replicates are alike, as with a
        model without an error: the bootstrap has nothing to say of errors that it has not seen. It is PANORAMA's number
        only where the hit rule is `picai`.

    Raises
    ------
    UsageError
        Too few replicates.
    ValueError
        A confidence that is not a number.

    References
    ----------
    Saha A et al. Artificial intelligence and radiologists in prostate cancer detection on MRI (PI-CAI).
    Lancet Oncol 2024;25:879–887.
    """
    check_replicates(replicates)
    marks = collect(outcomes)
    area = PrecisionArea(marks, available=has_confidences(outcomes))
    redraw(marks, [area] if area.enough else [], rng=rng, replicates=replicates)
    return area.rate()


class PrecisionArea:
    """Average precision while patients are redrawn; ``available``: the submission gives confidences."""

    def __init__(self, marks: Marks, *, available: bool) -> None:
        self._marks, self._available = marks, available
        self.enough = bool(available and marks.localisable.any())
        hits = marks.hits.confidence
        thresholds = np.unique(hits[hits > 0])[::-1]
        self._found, self._wrong = marks.hits.reached(thresholds), marks.false_positives.reached(thresholds)
        self._drawn: list[Floats] = []

    @property
    def width(self) -> int:
        return max(len(self._marks.hits.scan), len(self._marks.false_positives.scan))

    def add(self, weights: Floats) -> None:
        self._drawn.append(self._areas(weights))

    def rate(self) -> Rate:
        if not self._available:
            return Rate(value=None, low=None, high=None, k=None, n=None, method=NO_CONFIDENCES)
        if not self.enough:
            method = f"{NO_PATIENTS} with a lesion reference"
            return Rate(value=None, low=None, high=None, k=0, n=0, method=method)
        value = float(self._areas(np.ones((1, len(self._marks.lesions))))[0])
        low, high = (float(limit) for limit in percentile_limits(np.concatenate(self._drawn)))
        known = low < high
        return Rate(
            value=value,
            low=low if known else None,
            high=high if known else None,
            k=len(self._marks.hits.scan),
            n=int(self._marks.lesions.sum()),
            method=METHOD if known else NO_VARIATION,
        )

    def _areas(self, weights: Floats) -> Floats:
        """Of each weighting, (rows, scans), the area, (rows,)."""
        found = _sums(weights, self._marks.hits.scan)[:, self._found]
        wrong = _sums(weights, self._marks.false_positives.scan)[:, self._wrong]
        steps = np.diff(found, axis=1, prepend=0)
        precision = found / np.maximum(found + wrong, 1)  # where nothing is reported yet there is no step
        return np.asarray((steps * precision).sum(axis=1) / (weights * self._marks.lesions).sum(axis=1))


def _sums(weights: Floats, scans: Codes) -> Floats:
    """Running sums over events, from 0 on: (rows, events + 1)."""
    sums = np.zeros((len(weights), len(scans) + 1))
    np.cumsum(weights[:, scans], axis=1, out=sums[:, 1:])
    return sums
