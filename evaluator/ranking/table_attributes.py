"""The attributes of a long table: one group a patient, however many rows speak of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from evaluator.ranking.attributes import UNKNOWN, Attributes, age_band, encode
from evaluator.ranking.columns import present
from evaluator.ranking.names import same_name
from evaluator.ranking.panel import Codes


def table_attributes(frame: pd.DataFrame, row: Codes, attributes: Sequence[str]) -> Attributes:
    """Read the attributes of a clean frame's patients.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `evaluator.ranking.checks.clean` returns it.
    row : ndarray of int, shape (rows,)
        Of each row of the frame which patient it is about.
    attributes : sequence of str
        Whose columns "attribute NAME" the frame has.

    Returns
    -------
    Attributes
        A patient whose rows name several groups is in none; the notes say how many are unknown or contradicted.

    References
    ----------
    None: the rules are this project's.
    """
    values: dict[str, tuple[list[str], Codes]] = {}
    notes = []
    patients = int(row.max()) + 1 if len(row) else 0
    for attribute in attributes:
        names, codes = _tidied(*present(frame[f"attribute {attribute}"]), banded=attribute == "age")
        unknown = np.array([same_name(name) in UNKNOWN for name in names] or [True])
        known = ~unknown[codes]
        lowest, highest = np.full(patients, len(names)), np.full(patients, -1)
        np.minimum.at(lowest, row[known], codes[known])
        np.maximum.at(highest, row[known], codes[known])
        several = highest > lowest
        values[attribute] = (names, np.where(several, -1, highest))
        if several.any():
            first = frame.iloc[int(np.flatnonzero(several[row])[0])]
            notes.append(
                f"{attribute}: the rows of {several.sum()} patients name more than one group (first: hospital "
                f"{first['hospital']}, patient {first['patient']}); they are in no group."
            )
        lacking = int((highest < 0).sum())
        if lacking:
            written = [repr(name) if name else "blank" for name in names if same_name(name) in UNKNOWN]
            notes.append(
                f"{attribute}: {lacking} of {patients} patients have no known group ({', '.join(written)}); "
                "unknown is missing, not a group."
            )
    found = encode(values)
    return replace(found, notes=tuple(notes))


def _tidied(names: Sequence[str], codes: Codes, *, banded: bool) -> tuple[list[str], Codes]:
    """Without superfluous spaces and, for ages, in bands, so that two ages of one patient may be one group."""
    short = [" ".join(name.split()) for name in names]
    distinct, at = np.unique(np.array([age_band(name) if banded else name for name in short]), return_inverse=True)
    return [str(name) for name in distinct], at[codes] if len(codes) else codes
