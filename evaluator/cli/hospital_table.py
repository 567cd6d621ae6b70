"""The table of `pool`: a hospital a row, its counts read exactly, every fault named."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from evaluator.errors import FaultLine, TableRefused
from evaluator.ranking import read_table
from evaluator.ranking.names import collisions
from evaluator.statistics.pooled import HospitalCounts

COLUMNS = ("hospital", "positives", "detected", "negatives", "false_positives")
WHOLE = re.compile(r"\d{1,9}", re.ASCII)


def read_hospitals(path: Path) -> tuple[tuple[HospitalCounts, ...], tuple[str, ...]]:
    """The hospitals, and what was noticed on the way (a byte-order mark that was taken off)."""
    table, notes = read_table(path)
    _check_header([str(name) for name in table.columns])
    if table.empty:
        raise TableRefused(
            "The table has no rows.",
            faults=[FaultLine(what="no rows", where=str(path))],
            next_step="Add the hospitals.",
        )
    rows = table[list(COLUMNS)].fillna("").astype(str)
    faults = [
        *_names(rows),
        *(fault for number, row in enumerate(_records(rows), start=2) for fault in _row(number, row)),
    ]
    if faults:
        raise TableRefused(
            "The table is not clean, so nothing in it is pooled.", faults=faults, next_step="Correct it and pool again."
        )
    hospitals = tuple(
        HospitalCounts(
            hospital=row["hospital"].strip(),
            positives=int(row["positives"]),
            detected=int(row["detected"]),
            negatives=int(row["negatives"]),
            false_positives=int(row["false_positives"]),
        )
        for row in _records(rows)
    )
    return hospitals, notes


def _records(rows: pd.DataFrame) -> list[dict[str, str]]:
    return [{str(key): str(value) for key, value in row.items()} for row in rows.to_dict("records")]


def _check_header(names: list[str]) -> None:
    wrong = [f"no column {name!r}" for name in COLUMNS if name not in names]
    wrong += [f"column {name!r} appears twice" for name in COLUMNS if names.count(name) > 1]
    if wrong:
        raise TableRefused(
            "The table does not have the columns that pooling needs.",
            faults=[FaultLine(what=fault, where="header", why=f"found: {', '.join(names)}") for fault in wrong],
            next_step=f"Give the columns {', '.join(COLUMNS)}, each once.",
        )


def _names(rows: pd.DataFrame) -> list[FaultLine]:
    names = rows["hospital"]
    faults = [
        FaultLine(what="a hospital that appears more than once", where=f"hospital {name}", why="it has one vote")
        for name in sorted(names[names.duplicated()].unique())
        if name.strip()
    ]
    twins = sorted(set(collisions(names.unique()).values()))
    return faults + [
        FaultLine(
            what=f"hospital names that differ only by case or spaces: {', '.join(map(repr, found))}", where="hospital"
        )
        for found in twins
        if any(name.strip() for name in found)
    ]


def _row(number: int, row: dict[str, str]) -> list[FaultLine]:
    """What is wrong with one row; row 1 is the header."""
    name = row["hospital"].strip()
    where = f"row {number}, hospital {name or '?'}"
    faults = [] if name else [FaultLine(what="a row without a hospital", where=where)]
    faults += [
        FaultLine(what=f"{column} is {row[column]!r}, not a count of patients", where=where)
        for column in COLUMNS[1:]
        if not WHOLE.fullmatch(row[column].strip())
    ]
    if faults:
        return faults
    for part, whole in (("detected", "positives"), ("false_positives", "negatives")):
        if int(row[part]) > int(row[whole]):
            faults.append(
                FaultLine(what=f"{part} is {row[part]} of {row[whole]} {whole}", where=where, why="that is impossible")
            )
    return faults
