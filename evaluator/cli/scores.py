"""A table of scores from CSV, refused by name where it is dirty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluator.errors import FaultLine, TableRefused
from evaluator.ranking import read_table
from evaluator.ranking.checks import NAMED_AT_MOST, TRUTHS
from evaluator.ranking.names import collisions

NEEDED = ("score", "truth")
IDENTITIES = ("patient", "case")  # optional


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreTable:
    """``patients`` is None where the table has no such column: every row is then a patient."""

    scores: NDArray[np.float64]
    truth: NDArray[np.bool_]
    patients: NDArray[np.str_] | None
    notes: tuple[str, ...]


def read_scores(path: Path) -> ScoreTable:
    """Read columns score, truth and, where there are any, patient and case.

    Raises
    ------
    InputRefused
        There is no such file.
    TableRefused
        Missing columns, no rows, scores that are no finite number, truths other than 0 and 1, rows that repeat a case
        (without a case column: of their patient, where no patient has rows that differ), patients without a name or
        with two spellings of it.
    """
    table, notes = read_table(path)
    names = [str(name) for name in table.columns]
    faults = [FaultLine(what=f"no column {name!r}", where="header") for name in NEEDED if name not in names]
    faults += [
        FaultLine(what=f"column {name!r} appears twice", where="header")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if not faults and table.empty:
        faults = [FaultLine(what="no rows", where="table")]
    if faults:
        raise _refused(faults, f"Give the columns score and truth, once each; found: {', '.join(names)}.")
    scores = pd.to_numeric(table["score"], errors="coerce").to_numpy(dtype=float)
    truth = table["truth"].str.strip().str.lower().map(TRUTHS)
    faults = [*_values(table, scores, truth), *_identities(table)]
    if faults:
        raise _refused(faults, "Correct these rows and try again.")
    return ScoreTable(
        scores=scores,
        truth=truth.to_numpy(dtype=bool),
        patients=table["patient"].to_numpy(dtype=str) if "patient" in table else None,
        notes=(*notes, *_equal_rows(table)),
    )


def _refused(faults: list[FaultLine], next_step: str) -> TableRefused:
    return TableRefused("The table of scores cannot be used.", faults=faults, next_step=next_step)


def _row(number: int) -> str:
    return f"row {number + 2}"  # the header is row 1


def _values(table: pd.DataFrame, scores: NDArray[np.float64], truth: pd.Series) -> Iterator[FaultLine]:
    for number in np.flatnonzero(~np.isfinite(scores))[:NAMED_AT_MOST]:
        yield FaultLine(
            what=f"score is {table['score'].iloc[number]!r}, not a finite number",
            where=_row(number),
            next="decide what a failed case is worth and write it down",
        )
    for number in np.flatnonzero(truth.isna())[:NAMED_AT_MOST]:
        yield FaultLine(what=f"truth is {table['truth'].iloc[number]!r}, not 0 or 1", where=_row(number))


def _identities(table: pd.DataFrame) -> Iterator[FaultLine]:
    given = [name for name in IDENTITIES if name in table]
    for name in given:
        for number in np.flatnonzero(table[name].str.strip() == "")[:NAMED_AT_MOST]:
            yield FaultLine(what=f"no {name} is named", where=_row(number))
        for twins in sorted(set(collisions(table[name].unique()).values()))[:NAMED_AT_MOST]:
            yield FaultLine(what=f"{name} names that differ only by case or spaces", where=", ".join(map(repr, twins)))
    if "case" in given:
        repeats = table.duplicated("case")
    elif "patient" in given and not _several_scans(table):
        repeats = table.duplicated(["patient", *NEEDED])
    else:
        return
    for number in np.flatnonzero(repeats)[:NAMED_AT_MOST]:
        yield FaultLine(
            what=f"the row repeats {given[-1]} {table[given[-1]].iloc[number]!r}",
            where=_row(number),
            why="it cannot be told whether it is another scan or the same again",
            next="keep one row for each scan; name scans in a column case where two have the same score",
        )


def _several_scans(table: pd.DataFrame) -> bool:
    """Whether patients have rows that differ, so that two equal ones may be two scans of the same score."""
    return bool(table.drop_duplicates(["patient", *NEEDED]).duplicated("patient").any())


def _equal_rows(table: pd.DataFrame) -> tuple[str, ...]:
    if "case" in table or "patient" not in table:
        return ()
    repeats = np.flatnonzero(table.duplicated(["patient", *NEEDED]))
    if not len(repeats):
        return ()
    first = f"the first is {_row(repeats[0])}, patient {table['patient'].iloc[repeats[0]]!r}"
    return (f"{len(repeats)} rows are like another of their patient ({first}) and count as scans of their own.",)
