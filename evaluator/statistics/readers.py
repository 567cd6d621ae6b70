"""A standalone model against radiologists who read the same cases: Obuchowski–Rockette with one treatment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from evaluator.errors import UsageError
from evaluator.statistics.intervals import NO_PATIENTS
from evaluator.statistics.roc import auc

VERSION = "readers/1"
METHOD = "obuchowski–rockette, one treatment, random readers and cases"
LEVEL = 0.05
TINY = 1e-15

Floats = NDArray[np.float64]


class Figure(StrEnum):
    """The figure of merit that each reader, and the model, gets."""

    AUC = "auc"
    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"


class Covariance(StrEnum):
    JACKKNIFE = "jackknife"
    DELONG = "delong"


@dataclass(frozen=True, kw_only=True)
class ReaderComparison:
    """The model's figure minus the readers' mean. ``mean_square`` is MS(R) of the differences, ``covariance`` Cov₂.

    Where something has no answer it is None and ``method`` says why.
    """

    figure: Figure
    model: float | None
    readers: tuple[float, ...]
    difference: float | None
    low: float | None
    high: float | None
    t: float | None
    df: float | None  # Hillis; None where it is without end
    p: float | None  # two-sided
    mean_square: float | None
    covariance: float | None
    positives: int
    negatives: int
    method: str = METHOD
    version: str = VERSION

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        name = "AUC" if self.figure is Figure.AUC else str(self.figure)
        if self.difference is None or self.model is None:
            return f"No {name} to compare with readers: {self.method}."
        mean = self.model - self.difference
        values = f"{name} {self.model:.3f} against {mean:.3f}, the mean of {len(self.readers)} readers"
        if self.low is None or self.high is None or self.p is None:
            return f"{values}; no test: {self.method}."
        limits = f"difference {self.difference:+.3f} ({self.low:+.3f} to {self.high:+.3f}), p {self.p:.3g}"
        if self.p >= LEVEL:
            return f"Not shown to differ from readers on the same cases: {values}, {limits}."
        word = "Superior" if self.difference > 0 else "Inferior"
        return f"{word} on the same cases: {values}, {limits}."


def compare_with_readers(
    model: ArrayLike,
    readers: ArrayLike,
    truth: ArrayLike,
    *,
    figure: Figure,
    covariance: Covariance = Covariance.JACKKNIFE,
) -> ReaderComparison:
    """Compare a model with the population of readers from which these were drawn, over the population of cases.

    Parameters
    ----------
    model : array_like, shape (patients,)
        For ``auc`` likelihoods (a failed positive −∞, a failed negative +∞), otherwise whether it flagged the patient.
    readers : array_like, shape (readers, patients)
        The same of each reader, on the same patients in the same order.
    truth : array_like of bool, shape (patients,)
        Whether the patient has cancer.
    figure : Figure
        Sensitivity, specificity or AUC.
    covariance : Covariance
        Of the readers' differences over cases: the jackknife over patients, or for AUC DeLong's.

    Returns
    -------
    ReaderComparison
        With ψⱼ the model's figure minus reader j's: t = ψ̄ / √([MS(R) + max(J·Cov₂, 0)]/J) on Hillis's degrees of
        freedom (J − 1)·[MS(R) + max(J·Cov₂, 0)]²/MS(R)². Readers who all differ alike leave the normal distribution;
        one reader, fewer than two patients of a kind that counts, or no variation at all: no test.

    Raises
    ------
    UsageError
        DeLong's covariance of anything but AUC.
    ValueError
        Shapes that do not fit, an answer that is not a number, or calls that are not yes or no.

    References
    ----------
    Obuchowski NA, Rockette HE. Commun Stat Simul Comput 1995;24:285–308.
    Hillis SL. A comparison of denominator degrees of freedom methods for multiple observer ROC analysis.
    Stat Med 2007;26:596–619.
    Chakraborty DP. Observer Performance Methods for Diagnostic Imaging. CRC Press 2017, chapter 22 (1T-RRRC).
    """
    if covariance is Covariance.DELONG and figure is not Figure.AUC:
        raise UsageError(
            f"DeLong's covariance is of AUC, not of {figure}.", next_step="Use the jackknife, which is exact there."
        )
    answers, cancer = _check(model, readers, truth, figure=figure)
    counted = int(cancer.sum()), int((~cancer).sum())
    enough = {Figure.SENSITIVITY: counted[:1], Figure.SPECIFICITY: counted[1:], Figure.AUC: counted}[figure]
    if len(answers) < 2:
        return _untested(figure, counted, [], "no readers")
    if min(enough) == 0:
        return _untested(figure, counted, [], NO_PATIENTS)
    if figure is Figure.AUC:
        figures = np.array([auc(one, cancer).value for one in answers], dtype=float)
    else:
        right = answers[:, cancer] if figure is Figure.SENSITIVITY else 1 - answers[:, ~cancer]
        figures = right.mean(axis=1)
    if len(answers) == 2:
        return _untested(figure, counted, figures, "one reader, whose variation is unknown")
    if min(enough) < 2:
        return _untested(figure, counted, figures, "fewer than two patients of a kind")
    parts = [right] if figure is not Figure.AUC else list(_placements(answers, cancer))
    spread = _covariance(parts, figures, covariance)
    return _test(figure, counted, figures, spread)


def _check(
    model: ArrayLike, readers: ArrayLike, truth: ArrayLike, *, figure: Figure
) -> tuple[Floats, NDArray[np.bool_]]:
    """The model's row first, then the readers'."""
    one, many = np.asarray(model, dtype=float), np.asarray(readers, dtype=float)
    cancer = np.asarray(truth, dtype=bool)
    if cancer.ndim != 1 or one.shape != cancer.shape:
        raise ValueError("The model needs one answer for each patient.")
    if many.ndim == 1 and not many.size:
        many = many.reshape(0, len(cancer))
    if many.ndim != 2 or many.shape[1] != len(cancer):
        raise ValueError("Each reader needs one answer for each of the same patients.")
    answers = np.vstack([one[None, :], many])
    if np.isnan(answers).any():
        raise ValueError("An answer is not a number; readers and model must have read every patient.")
    if figure is not Figure.AUC and not np.isin(answers, (0, 1)).all():
        raise ValueError("Sensitivity and specificity are of calls: yes or no.")
    return answers, cancer


def _placements(answers: Floats, cancer: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Of each positive the share of negatives below, of each negative that of positives above; a row a reader."""
    positive, negative = [], []
    for row in answers:
        sick, well = row[cancer], row[~cancer]
        positive.append(_share_below(sick, np.sort(well)))
        negative.append(_share_below(-well, np.sort(-sick)))
    return np.array(positive), np.array(negative)


def _share_below(values: Floats, ordered: Floats) -> Floats:
    below = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return np.asarray(below / (2 * len(ordered)), dtype=float)


def _covariance(parts: list[Floats], figures: Floats, covariance: Covariance) -> Floats:
    """Covariance over cases of all figures, the model's first.

    A figure is the mean of each part, so leaving patient i out of a part of n gives (n·figure − partᵢ)/(n − 1).
    """
    if covariance is Covariance.DELONG:
        return np.asarray(sum(np.cov(part) / part.shape[1] for part in parts), dtype=float)
    left_out = np.hstack([(part.shape[1] * figures[:, None] - part) / (part.shape[1] - 1) for part in parts])
    n = left_out.shape[1]
    return np.asarray((n - 1) ** 2 / n * np.cov(left_out), dtype=float)


def _test(figure: Figure, counted: tuple[int, int], figures: Floats, spread: Floats) -> ReaderComparison:
    differences = figures[0] - figures[1:]
    readers = len(differences)
    mean = float(differences.mean())
    square = float(differences.var(ddof=1))
    square = 0.0 if square < TINY else square
    # Covariance of two readers' differences: the model is in both, so its variance is, too.
    each = spread[0, 0] - spread[0, 1:, None] - spread[0, None, 1:] + spread[1:, 1:]
    between = float((each.sum() - np.trace(each)) / (readers * (readers - 1)))
    denominator = square + max(readers * between, 0.0)
    if denominator < TINY:
        return _untested(figure, counted, figures, "no variation")
    error = math.sqrt(denominator / readers)
    df = math.inf if square == 0 else (readers - 1) * (denominator / square) ** 2
    t = mean / error
    half = float(stdtrit(df, 1 - LEVEL / 2)) * error
    return ReaderComparison(
        figure=figure,
        model=float(figures[0]),
        readers=tuple(figures[1:].tolist()),
        difference=mean,
        low=mean - half,
        high=mean + half,
        t=t,
        df=None if math.isinf(df) else df,
        p=float(2 * stdtr(df, -abs(t))),
        mean_square=square,
        covariance=between,
        positives=counted[0],
        negatives=counted[1],
    )


def _untested(figure: Figure, counted: tuple[int, int], figures: ArrayLike, why: str) -> ReaderComparison:
    values = np.asarray(figures, dtype=float)
    return ReaderComparison(
        figure=figure,
        model=float(values[0]) if len(values) else None,
        readers=tuple(values[1:].tolist()),
        difference=float(values[0] - values[1:].mean()) if len(values) else None,
        low=None,
        high=None,
        t=None,
        df=None,
        p=None,
        mean_square=None,
        covariance=None,
        positives=counted[0],
        negatives=counted[1],
        method=why,
    )
