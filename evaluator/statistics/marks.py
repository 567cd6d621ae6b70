"""What FROC, AFROC and average precision count: the confidences of hits and of false positives, scan by scan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics.outcomes import Outcome

Floats = NDArray[np.float64]
Codes = NDArray[np.int_]

NO_CONFIDENCES = "not available: the submission gives a mask and no confidences"


@dataclass(frozen=True, kw_only=True, eq=False)
class Events:
    """Things that come to be as the threshold falls, the surest first: at which confidence, and in which scan."""

    confidence: Floats
    scan: Codes

    def reached(self, thresholds: Floats) -> Codes:
        """How many have a confidence at or above each threshold."""
        return np.searchsorted(-self.confidence, -thresholds, side="right")


@dataclass(frozen=True, kw_only=True, eq=False)
class Marks:
    """Scans that can be localised in: those without cancer, and those with a lesion reference.

    A scan that the submission failed on has no hit and one false positive, which no threshold is above (+inf).
    """

    patients: tuple[tuple[str, str], ...]  # of each scan: hospital and name
    strata: tuple[tuple[str, bool], ...]  # of each scan: hospital and truth
    lesions: Codes  # of each scan
    negative: NDArray[np.bool_]  # scans without cancer
    failed: int
    hits: Events  # lesions
    found: Events  # scans with cancer, at their surest hit
    false_positives: Events
    alarmed: Events  # scans without cancer, at their surest false positive

    @property
    def localisable(self) -> NDArray[np.bool_]:
        return self.lesions > 0

    @property
    def thresholds(self) -> Floats:
        """Every distinct confidence, falling; +inf first, where nothing is reported and only failures count."""
        seen = np.unique(np.concatenate([self.hits.confidence, self.false_positives.confidence]))[::-1]
        return np.concatenate([[math.inf], seen[np.isfinite(seen)]])

    @property
    def best_scores(self) -> Floats:
        """Of each scan, the confidence of its surest hit (with cancer) or false positive; −inf where there is none."""
        scores = np.full(len(self.lesions), -math.inf)
        for events in (self.found, self.alarmed):
            scores[events.scan] = events.confidence
        return scores


def has_confidences(outcomes: Sequence[Outcome]) -> bool:
    """Whether there is a threshold to lower: bare masks have none."""
    return not any(outcome.likelihood_source == "mask" for outcome in outcomes)


def collect(outcomes: Sequence[Outcome]) -> Marks:
    """Sort the findings of scans into hits and false positives, as they were matched.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Scans; those with cancer but without a lesion reference are left out.

    Returns
    -------
    Marks
        A finding without a lesion is a false positive, also in a scan with cancer.

    Raises
    ------
    ValueError
        A confidence that is not a number.

    References
    ----------
    Chakraborty DP. Observer performance methods for diagnostic imaging. CRC Press 2017, chapter 12.
    """
    scans = [outcome for outcome in outcomes if outcome.lesions or not outcome.case.cancer]
    hits, false_positives = [], []
    for number, scan in enumerate(scans):
        if scan.failed:
            false_positives.append((math.inf, number))
            continue
        sure = {finding.id: finding.confidence for finding in scan.findings}
        if any(math.isnan(confidence) for confidence in sure.values()):
            raise ValueError(f"A confidence of case {scan.case.case} is not a number.")
        matched = {one.lesion.finding for one in scan.lesions if one.lesion.hit} - {None}
        hits += [(sure[identity], number) for identity in matched if identity in sure]
        false_positives += [(sure[identity], number) for identity in sure if identity not in matched]
    negative = np.array([not scan.case.cancer for scan in scans], dtype=bool)
    return Marks(
        patients=tuple((scan.hospital, scan.case.patient) for scan in scans),
        strata=tuple((scan.hospital, scan.case.cancer) for scan in scans),
        lesions=np.array([len(scan.lesions) for scan in scans], dtype=int),
        negative=negative,
        failed=sum(scan.failed for scan in scans),
        hits=_events(hits),
        found=_surest(hits),
        false_positives=_events(false_positives),
        alarmed=_surest([(confidence, scan) for confidence, scan in false_positives if negative[scan]]),
    )


def _events(found: Sequence[tuple[float, int]]) -> Events:
    ordered = sorted(found, key=lambda event: (-event[0], event[1]))
    return Events(
        confidence=np.array([confidence for confidence, _ in ordered], dtype=float),
        scan=np.array([scan for _, scan in ordered], dtype=int),
    )


def _surest(found: Sequence[tuple[float, int]]) -> Events:
    best: dict[int, float] = {}
    for confidence, scan in found:
        best[scan] = max(confidence, best.get(scan, -math.inf))
    return _events([(confidence, scan) for scan, confidence in best.items()])
