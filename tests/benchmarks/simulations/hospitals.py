"""How often pooling over hospitals holds the typical hospital's rate, and the rate of one that was not among them."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from evaluator.statistics.pooled import HospitalCounts, PooledRate
from evaluator.statistics.pooling import pool
from tests.benchmarks.simulations.coverage import Coverage

COUNTS = (5, 10, 20)
SPREADS = (0.0, 0.5, 1.0)  # standard deviation of the logit between hospitals
PATIENTS = 60  # of either truth at each hospital
SENSITIVITY, SPECIFICITY = 0.85, 0.9


def pooled_rates(rng: np.random.Generator, replicates: int) -> list[Coverage]:
    """Of sensitivity; both rates vary, independently of each other."""
    rows = []
    for hospitals in COUNTS:
        for spread in SPREADS:
            typical = ahead = estimated = 0
            for _ in range(replicates):
                own = expit(logit([SENSITIVITY, SPECIFICITY]) + spread * rng.standard_normal((hospitals + 1, 2)))
                found = _pooled(rng, own[:hospitals])
                estimated += found.prediction is not None
                typical += _holds((found.low, found.high), SENSITIVITY)
                ahead += found.prediction is not None and _holds(found.prediction, own[-1, 0])
            at = f"{hospitals} hospitals × {PATIENTS}, logits spread by {spread:g}"
            rows.append(Coverage(what=f"a typical hospital: {at}", held=typical, replicates=replicates))
            rows.append(Coverage(what=f"a new hospital: {at}", held=ahead, replicates=estimated or 1))
    return rows


def _pooled(rng: np.random.Generator, own: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> PooledRate:
    right = rng.binomial(PATIENTS, own)
    counts = [
        HospitalCounts(
            hospital=str(number),
            positives=PATIENTS,
            detected=int(found),
            negatives=PATIENTS,
            false_positives=PATIENTS - int(cleared),
        )
        for number, (found, cleared) in enumerate(right)
    ]
    return pool(counts, second_opinion=False).sensitivity


def _holds(limits: tuple[float | None, float | None], truth: float) -> bool:
    low, high = limits
    return low is not None and high is not None and low <= truth <= high
