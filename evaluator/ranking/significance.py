"""Which differences on this panel are real: a bootstrap of patients and the largest of all differences at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from evaluator.errors import UsageError
from evaluator.ranking.panel import SAME, Floats, Panel
from evaluator.ranking.product import Product, on_processor
from evaluator.statistics.intervals import Z

LEVEL = 0.95
FEWEST_REPLICATES = 19  # fewer have no 95 % quantile
DRAWS_AT_ONCE = 1 << 20  # bounds memory: numbers drawn in one piece


@dataclass(frozen=True, kw_only=True, eq=False)
class Significance:
    """Matrices are (models, models), row minus column; ``lowest`` and ``highest`` are the ends of the rank sets."""

    difference: Floats
    low: Floats
    high: Floats
    p: Floats
    p_adjusted: Floats
    lowest: NDArray[np.int_]
    highest: NDArray[np.int_]
    critical: float | None


def draw_counts(patients: int, replicates: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often each patient is drawn in each replicate: (replicates, patients), each row adds up to ``patients``."""
    picks = rng.integers(0, patients, size=(replicates, patients))
    picks += np.arange(0, replicates * patients, patients)[:, None]
    return np.bincount(picks.ravel(), minlength=replicates * patients).reshape(replicates, patients)


def deviations(panel: Panel, *, replicates: int, rng: np.random.Generator, product: Product = on_processor) -> Floats:
    """Θ of each replicate minus the observed Θ, (replicates, models).

    Every cell is redrawn with replacement, the same draws for all models; √(n/(n − 1)) mends the bootstrap's
    too small variance in small cells.
    """
    total = np.zeros((replicates, len(panel.models)))
    for cell in panel.cells:
        n = cell.patients
        scale = cell.weight / len(panel.hospitals) / n * math.sqrt(n / (n - 1))
        # Sums of 0 and 1 are exact in float32, in any order and on any machine; other values need float64.
        answers: NDArray[Any] = cell.answers.astype(np.float32) if cell.is_binary else cell.answers
        observed = answers.sum(axis=0, dtype=np.float64)
        step = max(1, DRAWS_AT_ONCE // n)
        for start in range(0, replicates, step):
            stop = min(start + step, replicates)
            redrawn = product(draw_counts(n, stop - start, rng).astype(answers.dtype), answers)
            total[start:stop] += (redrawn - observed) * scale
    return total


def standard_errors(panel: Panel) -> Floats:
    """Standard error of Θ(a) − Θ(b), (models, models): uncentred, so 0 only where two models agree on every patient."""
    models = len(panel.models)
    variance = np.zeros((models, models))
    for cell in panel.cells:
        scale = (cell.weight / len(panel.hospitals) / cell.patients) ** 2
        variance += scale * (_disagreements(cell.answers) if cell.is_binary else _squared_distances(cell.answers))
    return np.sqrt(variance)


def _disagreements(answers: Floats) -> Floats:
    """Of answers 0 and 1, on how many patients two models differ: whole numbers, so equal models give exactly 0."""
    exact = answers.astype(np.float32)
    both = (exact.T @ exact).astype(np.float64)
    own = np.diag(both)
    return np.asarray(own[:, None] + own[None, :] - 2 * both)


def _squared_distances(answers: Floats) -> Floats:
    """Σ (a − b)² over patients from the differences themselves: a product of matrices would leave crumbs near 0."""
    rows = np.ascontiguousarray(answers.T)
    total = np.zeros((len(rows), len(rows)))
    for a in range(len(rows) - 1):
        apart = rows[a + 1 :] - rows[a]
        total[a, a + 1 :] = np.einsum("mp,mp->m", apart, apart)
    return total + total.T


def largest_differences(deviation: Floats, se: Floats) -> Floats:
    """Of each replicate the largest (D* − D)/se over all ordered pairs, (replicates,)."""
    largest = np.zeros(len(deviation))
    for a in range(deviation.shape[1] - 1):
        apart = se[a, a + 1 :] > 0
        if apart.any():
            ratio = (deviation[:, a + 1 :][:, apart] - deviation[:, [a]]) / se[a, a + 1 :][apart]
            np.maximum(largest, np.abs(ratio).max(axis=1), out=largest)
    return largest


def compare_all(
    panel: Panel, *, replicates: int, rng: np.random.Generator, product: Product = on_processor
) -> Significance:
    """All pairs at once, single step max-T.

    Parameters
    ----------
    panel : Panel
        Outcomes; every cell with at least two patients.
    replicates : int
        2,000 or more for a ranking that is shown.
    rng : numpy.random.Generator
        Draws the patients.
    product : Product
        Where replicates are computed.

    Returns
    -------
    Significance
        Simultaneous 95 % limits D ± c·se and rank sets. c and the adjusted p never fall below their pointwise
        counterparts: in a panel where no cell varies the bootstrap alone would call two patients proof.

    Raises
    ------
    UsageError
        Fewer than 19 replicates.

    References
    ----------
    Westfall PH, Young SS. Resampling-based multiple testing. Wiley 1993 (single-step max-T).
    Mogstad M, Romano JP, Shaikh AM, Wilhelm D. Inference for ranks. Rev Econ Stud 2024;91:476–518 (rank sets).
    """
    if replicates < FEWEST_REPLICATES:
        raise UsageError(
            f"{replicates} replicates have no 95 % quantile.", next_step="Use 2,000 or more for a ranking that counts."
        )
    score = panel.scores().mean(axis=0)
    difference = score[:, None] - score[None, :]
    difference[np.abs(difference) <= SAME] = 0.0
    se = standard_errors(panel)
    largest = np.sort(largest_differences(deviations(panel, replicates=replicates, rng=rng, product=product), se))
    critical = max(Z, float(largest[math.ceil(LEVEL * (replicates + 1)) - 1]))
    ratio = np.divide(difference, se, out=np.zeros_like(se), where=se > 0)
    p = 2 * ndtr(-np.abs(ratio))
    beyond = replicates - np.searchsorted(largest, np.abs(ratio), side="left")
    better = ratio > critical  # row better than column
    models = len(panel.models)
    return Significance(
        difference=difference,
        low=difference - critical * se,
        high=difference + critical * se,
        p=p,
        p_adjusted=np.where(se > 0, np.maximum(p, (1 + beyond) / (replicates + 1)), 1.0),
        lowest=1 + better.sum(axis=0),
        highest=models - better.sum(axis=1),
        critical=critical if models > 1 else None,
    )
