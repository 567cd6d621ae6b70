"""A panel that ranks by the area under the ROC curve: each patient answers with its placement among the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Panel
from evaluator.statistics.placements import place

STATISTIC = "area under the ROC curve"


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
        placed = [place(positive[:, model], negative[:, model]) for model in range(positive.shape[1])]
        won = np.column_stack([one.positive for one in placed])
        passed = np.column_stack([one.negative for one in placed])
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
