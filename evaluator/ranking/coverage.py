"""Whether every model answers the same cases: models ranked on different cases are not ranked at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluator.errors import FaultLine
from evaluator.ranking.columns import present as names_in

Refusal = tuple[str, FaultLine]  # model, why


def coverage(frame: pd.DataFrame) -> list[Refusal]:
    """Refuse models that lack cases which at least half of the models answer, or answer others."""
    if frame.empty:
        return []
    case = frame.groupby(["hospital", "case"], sort=True, observed=True).ngroup().to_numpy()
    models, model = names_in(frame["model"])
    present = np.zeros((len(models), int(case.max()) + 1), dtype=bool)
    present[model, case] = True
    asked = 2 * present.sum(axis=0) >= len(models)
    rows = pd.Series(range(len(frame))).groupby(case).first().to_numpy()
    refused = []
    for index, name in enumerate(models):
        lacking, surplus = asked & ~present[index], ~asked & present[index]
        if lacking.any():
            refused.append(_refuse(frame, name, f"{lacking.sum()} of {asked.sum()} cases are missing", rows[lacking]))
        if surplus.any():
            refused.append(_refuse(frame, name, f"{surplus.sum()} cases that most models do not have", rows[surplus]))
    return refused


def _refuse(frame: pd.DataFrame, model: str, what: str, rows: NDArray[np.int_]) -> Refusal:
    first = frame.iloc[int(rows[0])]
    fault = FaultLine(
        what=what,
        where=f"model {model}, first at hospital {first['hospital']}, case {first['case']}",
        why="models are compared on the same cases only",
        next="give every model a row for every case; a failed case has a value too",
    )
    return model, fault


def zero_for_absent(frame: pd.DataFrame) -> list[str]:
    """Cases that some models leave blank and all others answer with 0: one of the two means "absent"."""
    absent = frame["value"].isna().to_numpy()
    if not absent.any():
        return []
    case = frame.groupby(["hospital", "case"], sort=True, observed=True).ngroup().to_numpy()
    blank, zero, size = (np.bincount(case, weights=w) for w in (absent, frame["value"] == 0, np.ones(len(frame))))
    mixed = np.flatnonzero((blank > 0) & (zero > 0) & (blank + zero == size))
    if not mixed.size:
        return []
    first = frame.iloc[int(np.flatnonzero(case == mixed[0])[0])]
    return [
        f"{len(mixed)} cases are blank for some models and 0 for all others (first: hospital {first['hospital']}, "
        f"case {first['case']}): if 0 stands for an absent structure there, those models are scored too low."
    ]
