"""Pairs of models whose order in one group is the reverse of that in another, beyond doubt in both."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from evaluator.ranking.attribute_records import Reversal
from evaluator.ranking.panel import Cell, Floats, Panel
from evaluator.ranking.significance import LEVEL, deviations, largest_differences, standard_errors
from evaluator.ranking.strata import Strata
from evaluator.statistics.intervals import Z


def group_panels(strata: Strata) -> Iterator[Panel]:
    """Each group as a panel of its own, all its patients in one hospital's place."""
    for group, name in enumerate(strata.groups):
        cells = tuple(
            Cell(hospital=name, group=kind, weight=float(weight), answers=strata.answers(at, group))
            for at, (kind, weight) in enumerate(zip(strata.kinds, strata.weights, strict=True))
        )
        yield Panel(
            models=strata.models,
            hospitals=(name,),
            cells=cells,
            offset=strata.offset,
            pooled_weights={},
            cases={},
            statistic="",
        )


def reversals(
    strata: Strata, *, replicates: int, rng: np.random.Generator
) -> tuple[tuple[Reversal, ...], float | None]:
    """Find the pairs whose simultaneous intervals exclude 0 in opposite directions.

    Parameters
    ----------
    strata : Strata
        Two groups and two models at least.
    replicates : int
        Of the bootstrap of patients within group × truth.
    rng : numpy.random.Generator
        Draws the patients.

    Returns
    -------
    reversals : tuple of Reversal
        One a pair at most: the group where ``a`` is most surely better and that where it is most surely worse.
    critical : float
        The 95 % quantile over pairs × groups that a difference over its standard error must exceed.

    References
    ----------
    Westfall PH, Young SS. Resampling-based multiple testing. Wiley 1993 (single-step max-T).
    """
    models = len(strata.models)
    largest = np.zeros(replicates)
    lowest, highest = np.full((models, models), -np.inf), np.full((models, models), np.inf)
    best, worst = np.zeros((models, models), dtype=int), np.zeros((models, models), dtype=int)
    found: list[tuple[Floats, Floats]] = []
    for panel in group_panels(strata):
        se = standard_errors(panel)
        np.maximum(largest, largest_differences(deviations(panel, replicates=replicates, rng=rng), se), out=largest)
        score = panel.scores()[0]
        found.append((score, se))
    critical = max(Z, float(np.sort(largest)[math.ceil(LEVEL * (replicates + 1)) - 1]))
    for group, (score, se) in enumerate(found):
        apart = score[:, None] - score[None, :]
        low, high = apart - critical * se, apart + critical * se
        best[low > lowest], worst[high < highest] = group, group
        np.maximum(lowest, low, out=lowest)
        np.minimum(highest, high, out=highest)
    pairs = zip(*np.nonzero(np.triu((lowest > 0) & (highest < 0), k=1)), strict=True)
    return tuple(_reversal(strata, found, critical, (a, b), (best[a, b], worst[a, b])) for a, b in pairs), critical


def _reversal(
    strata: Strata,
    found: list[tuple[Floats, Floats]],
    critical: float,
    pair: tuple[int, int],
    groups: tuple[int, int],
) -> Reversal:
    a, b = pair
    differences = [float(found[group][0][a] - found[group][0][b]) for group in groups]
    reach = [critical * float(found[group][1][a, b]) for group in groups]
    return Reversal(
        a=strata.models[a],
        b=strata.models[b],
        better_in=strata.groups[groups[0]],
        difference=differences[0],
        low=differences[0] - reach[0],
        high=differences[0] + reach[0],
        worse_in=strata.groups[groups[1]],
        difference_there=differences[1],
        low_there=differences[1] - reach[1],
        high_there=differences[1] + reach[1],
    )
