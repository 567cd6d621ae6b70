"""The curves of one report block: FROC with its bands, average precision, calibration and net benefit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluator.records import Rate
from evaluator.statistics.average_precision import PrecisionArea
from evaluator.statistics.bootstrap import FEWEST_REPLICATES
from evaluator.statistics.calibration import Calibration, calibration
from evaluator.statistics.froc import Froc, FrocBands
from evaluator.statistics.marks import collect, has_confidences
from evaluator.statistics.net_benefit import NetBenefit, net_benefit
from evaluator.statistics.outcomes import Outcome
from evaluator.statistics.patient_draws import Redrawn, redraw
from evaluator.statistics.roc import RocCurve, roc_curve

METHOD = "curves/1, index scans"
NO_LIKELIHOOD = f"{METHOD}; the submission gives a mask and no likelihood"
POINTS = 500  # of a ROC curve: more than a screen shows
THRESHOLDS = tuple(float(f"{step}e{power}") for power in range(-6, 0) for step in (1, 2, 5))


@dataclass(frozen=True, kw_only=True)
class Curves:
    """None where hidden; all but FROC and average precision also where there are no likelihoods."""

    froc: Froc | None
    roc: RocCurve | None
    average_precision: Rate | None
    calibration: Calibration | None
    net_benefit: dict[str, NetBenefit] | None
    seed: int
    method: str


def make_curves(
    patients: Sequence[Outcome], *, prevalences: Sequence[float], declared: float | None, seed: int
) -> Curves:
    """Draw up the curves of index scans.

    Parameters
    ----------
    patients : sequence of Outcome
        One a patient.
    prevalences : sequence of float
        For net benefit.
    declared : float or None
        The prevalence that the submission's likelihoods are made for.
    seed : int
        Of the bootstrap; kept with the curves.

    Returns
    -------
    Curves
        Nothing hidden.

    Raises
    ------
    UsageError
        An impossible prevalence.

    References
    ----------
    `evaluator.statistics.froc`, `calibration`, `net_benefit`, `average_precision`.
    """
    bare = any(outcome.likelihood_source == "mask" for outcome in patients)
    said, truth = [one.likelihood for one in patients], [one.case.cancer for one in patients]
    found, precision = _localised(patients, rng=np.random.default_rng(seed))
    return Curves(
        froc=found,
        roc=None if bare else thin(roc_curve(said, truth)),
        average_precision=precision,
        calibration=None if bare else calibration(said, truth, declared=declared),
        net_benefit=None
        if bare
        else {
            np.format_float_positional(p, trim="-"): net_benefit(
                said, truth, prevalence=p, thresholds=thresholds(p), declared=declared
            )
            for p in prevalences
        },
        seed=seed,
        method=NO_LIKELIHOOD if bare else METHOD,
    )


def _localised(patients: Sequence[Outcome], *, rng: np.random.Generator) -> tuple[Froc, Rate]:
    """FROC and average precision, from the same draws of patients."""
    marks, available = collect(patients), has_confidences(patients)
    bands, area = FrocBands(marks, available=available), PrecisionArea(marks, available=available)
    parts: list[Redrawn] = [part for part in (bands, area) if part.enough]
    redraw(marks, parts, rng=rng, replicates=FEWEST_REPLICATES)
    return bands.froc(replicates=FEWEST_REPLICATES), area.rate()


def thresholds(prevalence: float) -> tuple[float, ...]:
    """Risks at which somebody may act, from a tenth of the prevalence on, where nearly all are called back."""
    return tuple(risk for risk in THRESHOLDS if risk >= prevalence / 10)


def thin(curve: RocCurve) -> RocCurve:
    """At most `POINTS` points of a curve, both ends among them."""
    count = len(curve.fpr)
    if count <= POINTS:
        return curve
    kept = np.unique(np.linspace(0, count - 1, POINTS).round().astype(int)).tolist()
    return RocCurve(
        fpr=tuple(curve.fpr[at] for at in kept),
        tpr=tuple(curve.tpr[at] for at in kept),
        threshold=tuple(curve.threshold[at] for at in kept),
    )


def hide_curves(curves: Curves, *, minimum: int) -> Curves:
    """The same without any number."""
    method = f"hidden: fewer than {minimum} patients"
    return replace(
        curves, froc=None, roc=None, average_precision=None, calibration=None, net_benefit=None, method=method
    )


def hide_bins(curves: Curves, *, minimum: int) -> Curves:
    """The same without bins of calibration, if any has fewer patients than may be shown."""
    found = curves.calibration
    if found is None or all(one.n >= minimum for one in found.bins):
        return curves
    return replace(curves, calibration=replace(found, bins=()))
