"""FROC and AFROC: what is found, against false positives per scan or against negatives with at least one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics.bootstrap import check_replicates, percentile_limits
from evaluator.statistics.intervals import NO_PATIENTS, wilson_limits
from evaluator.statistics.marks import NO_CONFIDENCES, Events, Floats, Marks, collect, has_confidences
from evaluator.statistics.outcomes import Outcome
from evaluator.statistics.patient_draws import redraw
from evaluator.statistics.roc import Area, auc

METHOD = "froc/2: hits as matched, patient bootstrap, percentile; Wilson where no replicate differs"
FALSE_POSITIVES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
EXACT = 2**24  # up to here a float32 counts
NEGATIVES_ALARMED = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
GRIDS = {"false_positives": FALSE_POSITIVES, "alarmed": NEGATIVES_ALARMED}


@dataclass(frozen=True, kw_only=True)
class FrocCurve:
    """Tuples of equal length, from nothing reported (threshold None) to everything; reported is at or above it.

    At None only failed scans count: each has one false positive that no threshold is above.
    """

    threshold: tuple[float | None, ...]
    false_positives: tuple[float, ...]  # mean of a scan
    alarmed: tuple[float, ...]  # share of scans without cancer that have at least one
    localised: tuple[float, ...]  # share of scans with cancer that have any lesion hit
    lesions: tuple[float, ...]  # share of lesions hit


@dataclass(frozen=True, kw_only=True)
class FrocPoint:
    """The most that is found with at most ``at`` on the horizontal axis, each share with its 95 % band."""

    at: float
    localised: float
    localised_low: float
    localised_high: float
    lesions: float
    lesions_low: float
    lesions_high: float


@dataclass(frozen=True, kw_only=True)
class Froc:
    """``froc`` at mean false positives of a scan, ``afroc`` at shares of scans without cancer that have at least one.

    ``area`` is the area under AFROC by patient: how often a patient's surest hit is surer than the surest false
    positive of a scan without cancer, a half where both have none.
    """

    froc: tuple[FrocPoint, ...]
    afroc: tuple[FrocPoint, ...]
    area: Area | None
    scans: int
    patients: int
    positives: int  # scans with a lesion reference
    negatives: int
    lesions: int
    failed: int
    replicates: int
    method: str

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        counts = f"{self.lesions} lesions in {self.positives} scans, {self.negatives} scans without cancer"
        one = next((point for point in self.froc if point.at == 1), None)
        if one is None:
            return f"No FROC: {self.method} ({counts})."
        limits = f"{100 * one.localised_low:.1f}–{100 * one.localised_high:.1f}"
        return (
            f"With at most one false positive a scan, cancer is found in its place in {100 * one.localised:.1f} % "
            f"(95 % interval {limits}) of the patients ({counts}; {self.failed} failed)."
        )


def froc_curve(marks: Marks) -> FrocCurve:
    """The empirical curve, a point for each distinct confidence, the lowest included.

    Parameters
    ----------
    marks : Marks
        Of at least one scan with, and one without cancer.

    Returns
    -------
    FrocCurve
        Empty where a kind of scan is missing.

    References
    ----------
    Bunch PC et al. A free-response approach to the measurement and characterization of radiographic-observer
    performance. J Appl Photogr Eng 1978;4:166–171.
    """
    if not marks.negative.any() or not marks.localisable.any():
        return FrocCurve(threshold=(), false_positives=(), alarmed=(), localised=(), lesions=())
    axes = _Axes(marks)
    once = np.ones((1, len(marks.lesions)))
    return FrocCurve(
        threshold=(None, *axes.thresholds[1:].tolist()),
        **{name: tuple(axes.share(name, once)[0].tolist()) for name in ("false_positives", "alarmed")},
        **{name: tuple(axes.share(name, once)[0].tolist()) for name in ("localised", "lesions")},
    )


def froc(outcomes: Sequence[Outcome], *, rng: np.random.Generator, replicates: int = 2000) -> Froc:
    """FROC and AFROC with bands.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Scans of one submission. Those with cancer but without a lesion reference are left out: a finding in them is
        neither a hit nor a false positive. Hits are taken as findings and lesions were matched once, all together.
    rng : numpy.random.Generator
        Of the draws of patients, within hospital and truth, with all their scans.
    replicates : int
        2,000 at least.

    Returns
    -------
    Froc
        A failed scan has no hit and one false positive at every threshold. Between thresholds nothing is
        interpolated, and where even "nothing reported" has more false positives than a point allows, its shares are
        0. Where no replicate differs, as with a model that finds everything, the band is Wilson's. Without confidences,
        or without a scan of a kind, no points, and the method says why.

    Raises
    ------
    UsageError
        Too few replicates.
    ValueError
        A confidence that is not a number.

    References
    ----------
    Bunch PC et al. J Appl Photogr Eng 1978;4:166–171.
    Chakraborty DP, Winter LHL. Free-response methodology: alternate analysis and a new observer-performance
    experiment. Radiology 1990;174:873–881 (AFROC).
    Samuelson FW, Petrick N. Comparing image detection algorithms using resampling. ISBI 2006:1312–1315 (bootstrap).
    """
    check_replicates(replicates)
    marks = collect(outcomes)
    bands = FrocBands(marks, available=has_confidences(outcomes))
    redraw(marks, [bands] if bands.enough else [], rng=rng, replicates=replicates)
    return bands.froc(replicates=replicates)


def afroc_area(marks: Marks) -> Area:
    """The area under AFROC by patient, with DeLong's interval (Obuchowski's where patients have several scans)."""
    names = [f"{len(hospital)}:{hospital}{patient}" for hospital, patient in marks.patients]
    return auc(marks.best_scores, ~marks.negative, patients=names if len(set(names)) < len(names) else None)


class _Axes:
    """The four shares at every threshold, in any weighting of the scans."""

    def __init__(self, marks: Marks) -> None:
        self.thresholds = marks.thresholds
        scan = np.ones(len(marks.lesions))
        self._parts: dict[str, tuple[Events, Floats]] = {  # what is counted, and each scan's part of the whole
            "false_positives": (marks.false_positives, scan),
            "alarmed": (marks.alarmed, marks.negative.astype(float)),
            "localised": (marks.found, marks.localisable.astype(float)),
            "lesions": (marks.hits, marks.lesions.astype(float)),
        }
        self._reached = {name: events.reached(self.thresholds) for name, (events, _) in self._parts.items()}
        self._weights: Floats | None = None
        self._sums: dict[str, Floats] = {}

    def share(self, name: str, weights: Floats, at: NDArray[np.int_] | None = None) -> Floats:
        """Of each weighting (rows), the share at every threshold; or at the thresholds whose numbers are ``at``."""
        _, whole = self._parts[name]
        sums = self._running(name, weights)
        reached = self._reached[name]
        counted = sums[reached] if at is None else np.take_along_axis(sums, reached[at].T, axis=0)
        # Not a product of matrices: its threads spin longer than this takes.
        return np.asarray(counted.T / np.einsum("ij,j->i", weights, whole)[:, None])

    def _running(self, name: str, weights: Floats) -> Floats:
        """Sums over the events, (events + 1, rows), kept for as long as the weighting is the same.

        Whole numbers, so exact in any order, and in 24 bits; an event after the other for all rows at once is what
        memory likes.
        """
        if self._weights is not weights:
            self._weights, self._turned, self._sums = weights, np.ascontiguousarray(weights.T, dtype=np.float32), {}
        if name not in self._sums:
            scans = self._parts[name][0].scan
            sums: NDArray[Any] = np.zeros((len(scans) + 1, len(weights)), dtype=np.float32)
            np.cumsum(self._turned[scans], axis=0, out=sums[1:])
            if sums[-1].max() >= EXACT:
                sums = np.concatenate([sums[:1], np.cumsum(weights.T[scans], axis=0)])
            self._sums[name] = sums
        return self._sums[name]

    @property
    def width(self) -> int:
        return max(len(self.thresholds), *(len(events.scan) for events, _ in self._parts.values()))


class FrocBands:
    """FROC and AFROC while patients are redrawn; ``available``: the submission gives confidences."""

    def __init__(self, marks: Marks, *, available: bool) -> None:
        self._marks, self._available = marks, available
        self.enough = bool(available and marks.negative.any() and marks.localisable.any())
        self._axes = _Axes(marks)
        self._drawn: dict[str, list[Floats]] = {name: [] for name in GRIDS}

    @property
    def width(self) -> int:
        return self._axes.width

    def add(self, weights: Floats) -> None:
        for name, grid in GRIDS.items():
            self._drawn[name].append(_at_most(self._axes, name, grid, weights))

    def froc(self, *, replicates: int) -> Froc:
        marks = self._marks
        return Froc(
            froc=self._points("false_positives"),
            afroc=self._points("alarmed"),
            area=afroc_area(marks) if self.enough else None,
            scans=len(marks.patients),
            patients=len(set(marks.patients)),
            positives=int(marks.localisable.sum()),
            negatives=int(marks.negative.sum()),
            lesions=int(marks.lesions.sum()),
            failed=marks.failed,
            replicates=replicates,
            method=METHOD if self.enough else NO_PATIENTS if self._available else NO_CONFIDENCES,
        )

    def _points(self, name: str) -> tuple[FrocPoint, ...]:
        if not self.enough:
            return ()
        grid, once = GRIDS[name], np.ones((1, len(self._marks.lesions)))
        observed = _at_most(self._axes, name, grid, once)[0]
        low, high = percentile_limits(np.concatenate(self._drawn[name]))
        for share, whole in enumerate((int(self._marks.localisable.sum()), int(self._marks.lesions.sum()))):
            for place in np.flatnonzero(low[share] == high[share]):
                found = round(observed[share, place] * whole)
                low[share, place], high[share, place] = wilson_limits(found, whole)
        return tuple(
            FrocPoint(
                at=x,
                localised=float(observed[0, place]),
                localised_low=float(low[0, place]),
                localised_high=float(high[0, place]),
                lesions=float(observed[1, place]),
                lesions_low=float(low[1, place]),
                lesions_high=float(high[1, place]),
            )
            for place, x in enumerate(grid)
        )


def _at_most(axes: _Axes, name: str, grid: Sequence[float], weights: Floats) -> Floats:
    """Localised and lesion shares at the lowest threshold that keeps the axis within each grid value: (rows, 2, grid).

    Where no threshold does, the place is that of "nothing reported", where the shares are 0.
    """
    axis = axes.share(name, weights) - 1e-9  # 3 in 24 scans is 0.125
    last = np.stack([(axis <= x).sum(axis=1) for x in grid], axis=1) - 1
    last = np.maximum(last, 0)
    return np.stack([axes.share(which, weights, last) for which in ("localised", "lesions")], axis=1)
