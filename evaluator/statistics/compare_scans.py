"""Two models on all scans of the same patients, who may have several: the patients are drawn, the same for both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluator.statistics.bootstrap import (
    Floats,
    WeightedArea,
    check_replicates,
    draws,
    percentile_limits,
    two_sided_p,
)
from evaluator.statistics.intervals import NO_PATIENTS, p_text

METHOD = "patient bootstrap, percentile"


@dataclass(frozen=True, kw_only=True)
class ScansDifference:
    """A number of the first model minus that of the second over ``scans`` of ``patients``."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    scans: int
    patients: int
    replicates: int
    method: str

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        counts = f"{self.scans} scans of {self.patients} patients"
        if self.difference is None or self.low is None or self.high is None:
            return f"No difference: {self.method} ({counts})."
        limits = f"95 % interval {self.low:+.3f} to {self.high:+.3f}, p {p_text(self.p)}"
        return f"Differs by {self.difference:+.3f} ({limits}; {self.replicates:,} draws of patients; {counts})."


@dataclass(frozen=True, kw_only=True)
class ScansComparison:
    sensitivity: ScansDifference
    specificity: ScansDifference
    auc: ScansDifference


@dataclass(frozen=True, kw_only=True, eq=False)
class Scans:
    """One model's answers: whether each scan is flagged, and its likelihood (±inf for a failed one)."""

    flagged: NDArray[np.bool_]
    likelihood: Floats


def compare_scans(
    first: Scans,
    second: Scans,
    *,
    truth: NDArray[np.bool_],
    patients: ArrayLike,
    hospitals: ArrayLike,
    rng: np.random.Generator,
    replicates: int = 2000,
) -> ScansComparison:
    """Differences of sensitivity, specificity and AUC over scans.

    Parameters
    ----------
    first, second : Scans, arrays of shape (scans,)
        Of the two models, in the same order.
    truth : ndarray of bool, shape (scans,)
        Whether the scan's patient has cancer.
    patients, hospitals : array_like, shape (scans,)
        Whose scan it is, and where. A patient is at one hospital and of one truth; equal names at two hospitals are
        two patients.
    rng : numpy.random.Generator
        Of the draws of patients, within hospital and truth.
    replicates : int
        2,000 at least.

    Returns
    -------
    ScansComparison
        Percentile intervals and two-sided bootstrap p. Without a patient of the kind that is counted: None and
        "no patients". Where every replicate gives the same difference the interval is that point.

    Raises
    ------
    UsageError
        Too few replicates.
    ValueError
        Vectors of different length, a likelihood that is not a number, or a patient of two truths.

    References
    ----------
    Rutter CM. Bootstrap estimation of diagnostic accuracy with patient-clustered data. Acad Radiol 2000;7:413–419.
    """
    check_replicates(replicates)
    who, where = np.asarray(patients), np.asarray(hospitals)
    vectors = (first.flagged, first.likelihood, second.flagged, second.likelihood, who, where)
    if any(vector.shape != truth.shape for vector in vectors) or truth.ndim != 1:
        raise ValueError("Every scan needs one answer of each model, a truth, a patient and a hospital.")
    if np.isnan(first.likelihood).any() or np.isnan(second.likelihood).any():
        raise ValueError("A likelihood is not a number.")
    at = np.unique(where, return_inverse=True)[1]
    of = np.unique(np.stack([at, np.unique(who, return_inverse=True)[1]]), axis=1, return_inverse=True)[1].ravel()
    count = int(of.max(initial=-1)) + 1
    cancer = np.zeros(count, dtype=bool)
    cancer[of] = truth
    if (cancer[of] != truth).any():
        raise ValueError("A patient is both with and without cancer.")
    stratum = np.zeros(count, dtype=int)
    stratum[of] = 2 * at + truth

    right = [np.where(truth, one.flagged, ~one.flagged).astype(float) for one in (first, second)]
    apart = np.bincount(of, right[0] - right[1], minlength=count)  # of each patient, summed over scans
    scans = np.bincount(of, minlength=count).astype(float)
    areas = [WeightedArea(one.likelihood, truth) for one in (first, second)] if 0 < cancer.sum() < count else []
    kinds = [kind for kind in (cancer, ~cancer) if kind.any()]
    found: list[list[Floats]] = [[] for _ in (*kinds, *areas[:1])]
    for times in draws(stratum, rng=rng, replicates=replicates, width=len(of)):
        for kind, into in zip(kinds, found, strict=False):
            into.append(times[:, kind] @ apart[kind] / (times[:, kind] @ scans[kind]))
        if areas:
            each = times[:, of]
            found[-1].append(areas[0](each) - areas[1](each))

    def summary(here: NDArray[np.bool_], value: float | None, drawn: list[Floats] | None) -> ScansDifference:
        nothing = ScansDifference(
            difference=None,
            low=None,
            high=None,
            p=None,
            scans=int(scans[here].sum()),
            patients=int(here.sum()),
            replicates=replicates,
            method=NO_PATIENTS,
        )
        if drawn is None or value is None:
            return nothing
        low, high = percentile_limits(np.concatenate(drawn))
        p = two_sided_p(np.concatenate(drawn))
        return replace(nothing, difference=value, low=float(low), high=float(high), p=p, method=METHOD)

    def rate(kind: NDArray[np.bool_], drawn: list[Floats] | None) -> ScansDifference:
        return summary(kind, float(apart[kind].sum() / scans[kind].sum()) if kind.any() else None, drawn)

    once = np.ones((1, len(of)))
    return ScansComparison(
        sensitivity=rate(cancer, found[0] if cancer.any() else None),
        specificity=rate(~cancer, found[len(kinds) - 1] if (~cancer).any() else None),
        auc=summary(
            np.ones(count, dtype=bool),
            float((areas[0](once) - areas[1](once))[0]) if areas else None,
            found[-1] if areas else None,
        ),
    )
