"""A panel that ranks by the area under the ROC curve: each patient answers with its placement among the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Floats, Panel

STATISTIC = "area under the ROC curve"


def placements(scores: Floats, others: Floats) -> Floats:
    """Share of the others that each score is above, ties half; both are (patients, models), and so is the first's."""
    found = np.empty_like(scores)
    for model in range(scores.shape[1]):
        known = np.sort(others[:, model])
        below = np.searchsorted(known, scores[:, model], side="left")
        upto = np.searchsorted(known, scores[:, model], side="right")
        found[:, model] = (below + upto) / (2 * len(known))
    return found


def area_panel(panel: Panel) -> Panel:
    """The panel of likelihoods turned into one of placements.

    Parameters
    ----------
    panel : Panel
        Of each hospital a positive and a negative cell, whose answers are likelihoods (±inf for failed cases).

    Returns
    -------
    Panel
        θ of a hospital is its AUC: the positive patients' mean placement among the negatives. The negatives answer
        with theirs among the positives less its mean, which adds nothing to θ and their part to its variance.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837–845 (placement values).
    """
    cells: list[Cell] = []
    for hospital in panel.hospitals:
        of = {cell.group: cell for cell in panel.at(hospital)}
        positive, negative = of[POSITIVE].answers, of[NEGATIVE].answers
        won = placements(positive, negative)
        passed = 1 - placements(negative, positive)
        cells.append(replace(of[POSITIVE], answers=won, weight=1.0))
        cells.append(replace(of[NEGATIVE], answers=passed - passed.mean(axis=0), weight=1.0))
    return replace(
        panel,
        cells=tuple(cells),
        offset=0.0,
        pooled_weights={POSITIVE: 1.0, NEGATIVE: 1.0},
        statistic=STATISTIC,
        limits=(0.0, 1.0),
    )
