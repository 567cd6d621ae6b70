"""How much better or worse each model does in a group than in the rest, with an interval and never without."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluator.ranking.attribute_records import Gap
from evaluator.ranking.hospitals import mean_limits
from evaluator.ranking.panel import NEGATIVE, POSITIVE
from evaluator.ranking.strata import Strata

MEASURES = {POSITIVE: "sensitivity", NEGATIVE: "specificity"}


def gaps(strata: Strata) -> Iterator[Gap]:
    """Group minus rest of each model, for sensitivity and specificity, or the mean value.

    Parameters
    ----------
    strata : Strata
        Two groups at least.

    Yields
    ------
    Gap
        A patient counts once however many scans it has; with two groups only the first is given, the second is its
        negative.

    References
    ----------
    Zou GY, Donner A. Construction of confidence limits about effect measures: a general approach. Stat Med
    2008;27:1693–1702 (MOVER); of two proportions Newcombe RG. Stat Med 1998;17:873–890, method 10.
    """
    count = len(strata.groups)
    for kind, name in enumerate(strata.kinds):
        inside = [strata.answers(kind, group) for group in range(count)]
        for group in range(1 if count == 2 else count):
            rest = np.concatenate(inside[:group] + inside[group + 1 :])
            mean, other = inside[group].mean(axis=0), rest.mean(axis=0)
            (low, high), (rest_low, rest_high) = mean_limits(inside[group]), mean_limits(rest)
            apart = mean - other
            below = np.hypot(mean - low, rest_high - other)
            above = np.hypot(high - mean, other - rest_low)
            for model, label in enumerate(strata.models):
                yield Gap(
                    model=label,
                    group=strata.groups[group],
                    measure=MEASURES.get(name, "value"),
                    difference=float(apart[model]),
                    low=float(apart[model] - below[model]),
                    high=float(apart[model] + above[model]),
                )
