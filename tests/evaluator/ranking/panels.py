"""Panels with planted effects: patients of two truths at several hospitals, with groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Panel


def youden_panel(*cells: Cell, models: int, groups: dict[str, tuple[str, ...]]) -> Panel:
    hospitals = tuple(dict.fromkeys(cell.hospital for cell in cells))
    return Panel(
        models=tuple(f"m{n}" for n in range(models)),
        hospitals=hospitals,
        cells=cells,
        offset=-1.0,
        pooled_weights={POSITIVE: 1.0, NEGATIVE: 1.0},
        cases=dict.fromkeys(hospitals, 0),
        statistic="",
        groups=groups,
    )


def planted(
    chance: ArrayLike, *, seed: int = 0, hospitals: int = 3, n: int = 60, share: ArrayLike | None = None
) -> Panel:
    """Right answers with ``chance`` (groups, models); ``n`` patients a cell, in groups by ``share`` or evenly."""
    rng = np.random.default_rng(seed)
    table = np.asarray(chance, dtype=float)
    groups, models = table.shape
    odds = np.full(groups, 1 / groups) if share is None else np.asarray(share, dtype=float)
    cells = []
    for h in range(hospitals):
        for kind in (POSITIVE, NEGATIVE):
            codes = rng.choice(groups, size=n, p=odds)
            right = rng.random((n, models)) < table[codes]
            cells.append(
                Cell(
                    hospital=f"H{h}", group=kind, weight=1.0, answers=right.astype(float), labels={"sex": codes.copy()}
                )
            )
    return youden_panel(*cells, models=models, groups={"sex": tuple("FMX"[:groups])})
