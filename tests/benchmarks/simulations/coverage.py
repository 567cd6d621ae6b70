"""How often an interval holds the truth, at the small counts that hospitals have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from evaluator.records import Rate
from evaluator.statistics.intervals import clopper_pearson, clustered, wilson
from evaluator.statistics.prevalence import false_alarms_per_1000, ppv

SIZES = (5, 10, 20, 50)
RATES = (0.8, 0.9, 0.95, 0.99, 1.0)
PREVALENCES = (0.0001, 0.04)
PPV_SITUATIONS = (  # cancers, others, sensitivity, specificity
    (20, 20, 0.9, 0.9),
    (50, 50, 0.8, 0.95),
    (50, 200, 0.95, 0.99),
    (100, 1000, 0.95, 0.99),
    (100, 1000, 1.0, 0.999),
)
FALSE_ALARM_SITUATIONS = ((50, 0.95), (200, 0.96), (1000, 0.99))  # others, specificity
CLUSTERS = ((10, 3, 0.5), (20, 3, 0.5), (50, 5, 0.8))  # patients, lesions of each, how alike those of a patient are


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """In how many of so many replicates the interval held the truth."""

    what: str
    held: int
    replicates: int

    @property
    def share(self) -> float:
        return self.held / self.replicates


def cover_all(*, replicates: int, seed: int) -> list[Coverage]:
    rng = np.random.default_rng(seed)
    return [
        *rates(rng, replicates),
        *clustered_rates(rng, replicates),
        *predictive_values(rng, replicates),
        *false_alarms(rng, replicates),
    ]


def rates(rng: np.random.Generator, replicates: int) -> Iterator[Coverage]:
    for name, interval in (("Wilson", wilson), ("Clopper–Pearson", clopper_pearson)):
        of = cache(interval)  # of n patients there are n + 1 outcomes only
        for n in SIZES:
            for truth in RATES:
                found = [of(int(k), n) for k in rng.binomial(n, truth, replicates)]
                yield _count(f"{name}, n = {n}, rate {truth:g}", found, truth)


def clustered_rates(rng: np.random.Generator, replicates: int) -> Iterator[Coverage]:
    """Lesions of one patient are found or missed alike: a patient's own rate is beta-distributed."""
    for patients, lesions, alike in CLUSTERS:
        for truth in (0.7, 0.9):
            odds = (1 - alike) / alike
            own = rng.beta(truth * odds, (1 - truth) * odds, (replicates, patients))
            hits = rng.binomial(lesions, own)
            found = [clustered(row.tolist(), [lesions] * patients) for row in hits]
            yield _count(
                f"clustered, {patients} patients × {lesions} lesions, alike {alike:g}, rate {truth:g}", found, truth
            )


def predictive_values(rng: np.random.Generator, replicates: int) -> Iterator[Coverage]:
    for cancers, others, se, sp in PPV_SITUATIONS:
        flagged, cleared = rng.binomial(cancers, se, replicates), rng.binomial(others, sp, replicates)
        for prevalence in PREVALENCES:
            of = cache(partial(_ppv, cancers=cancers, others=others, prevalence=prevalence))
            found = [of(int(a), int(b)) for a, b in zip(flagged, cleared, strict=True)]
            truth = se * prevalence / (se * prevalence + (1 - sp) * (1 - prevalence))
            yield _count(f"PPV at {prevalence:g}, {cancers} and {others}, Se {se:g}, Sp {sp:g}", found, truth)


def false_alarms(rng: np.random.Generator, replicates: int) -> Iterator[Coverage]:
    """False-positive patients per 1,000 scans."""
    for others, sp in FALSE_ALARM_SITUATIONS:
        cleared = rng.binomial(others, sp, replicates)
        for prevalence in PREVALENCES:
            of = cache(partial(_alarms, others=others, prevalence=prevalence))
            truth = 1000 * (1 - sp) * (1 - prevalence)
            yield _count(
                f"false alarms per 1,000 at {prevalence:g}, {others} without cancer, Sp {sp:g}",
                [of(int(one)) for one in cleared],
                truth,
            )


def _alarms(cleared: int, *, others: int, prevalence: float) -> Rate:
    return false_alarms_per_1000(specificity=(cleared, others), prevalence=prevalence)


def _ppv(flagged: int, cleared: int, *, cancers: int, others: int, prevalence: float) -> Rate:
    return ppv(sensitivity=(flagged, cancers), specificity=(cleared, others), prevalence=prevalence)


def _count(what: str, found: Sequence[Rate], truth: float) -> Coverage:
    held = sum(rate.low is not None and rate.high is not None and rate.low <= truth <= rate.high for rate in found)
    return Coverage(what=what, held=held, replicates=len(found))
