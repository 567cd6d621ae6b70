"""The mean of independent numbers that each have an interval, such as a score over hospitals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evaluator.records import Rate
from evaluator.statistics.intervals import NO_PATIENTS


def mean_of(parts: Sequence[Rate]) -> Rate:
    """Mean of independent estimates, each one vote, with limits recovered from theirs.

    Parameters
    ----------
    parts : sequence of Rate
        Estimates with their 95 % limits; those without a value are left out.

    Returns
    -------
    Rate
        No ``k`` and ``n``. ``value`` is None where no part has one; the limits are None where a part lacks its own.

    References
    ----------
    Zou GY, Donner A. Construction of confidence limits about effect measures: a general approach.
    Stat Med 2008;27:1693–1702.
    """
    known = [part for part in parts if part.value is not None]
    if not known:
        return Rate(value=None, low=None, high=None, k=None, n=None, method=NO_PATIENTS)
    mean = sum(part.value or 0.0 for part in known) / len(known)
    if any(part.low is None or part.high is None for part in known):
        return Rate(value=mean, low=None, high=None, k=None, n=None, method="mean of parts without interval")
    down = math.hypot(*((part.value or 0.0) - (part.low or 0.0) for part in known)) / len(known)
    up = math.hypot(*((part.high or 0.0) - (part.value or 0.0) for part in known)) / len(known)
    return Rate(value=mean, low=mean - down, high=mean + up, k=None, n=None, method="mean, mover")
