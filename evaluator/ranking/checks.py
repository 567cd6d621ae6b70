"""What makes a long table dirty: every fault by name, so that nothing dirty is ever ranked in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluator.errors import FaultLine, TableRefused
from evaluator.ranking.columns import blank, names, numbers
from evaluator.ranking.coverage import Refusal, coverage, zero_for_absent
from evaluator.ranking.names import collisions

KEYS = ("model", "hospital", "case", "patient")
YES, NO = ("1", "1.0", "true", "yes", "positive"), ("0", "0.0", "false", "no", "negative")
TRUTHS = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
NAMED_AT_MOST = 20  # faults of one kind that are listed one by one


@dataclass(frozen=True, kw_only=True, eq=False)
class Clean:
    """The rows of the models that have no fault; every such model answers the same cases."""

    frame: pd.DataFrame
    refused: tuple[FaultLine, ...]
    notes: tuple[str, ...]


def clean(table: pd.DataFrame, *, value: str, attributes: Sequence[str] = ()) -> Clean:
    """Keep the models without a fault.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``KEYS`` and ``value``; optionally truth and trained_on. Text or numbers.
    value : str
        Name of the value's column; called "value" in the frame that is returned.
    attributes : sequence of str
        Columns that are kept as they are, called "attribute NAME" there.

    Returns
    -------
    Clean
        A fault costs a model its place; the faults say which and why.

    Raises
    ------
    TableRefused
        Faults that are of no single model.

    References
    ----------
    None: the rules are this project's.
    """
    frame = _columns(table, value, attributes)
    _whole_table(frame)
    refused = _names(frame) + _blanks(frame) + _values(frame, table[value]) + _duplicates(frame)
    notes = zero_for_absent(frame)
    frame = _without(frame, refused)
    missing = coverage(frame)
    frame = _without(frame, missing)
    faults = [fault for _, fault in (*refused, *missing)]
    return Clean(frame=frame, refused=tuple(dict.fromkeys(faults)), notes=tuple(notes))


def _refuse_table(what: str, faults: Sequence[FaultLine], next_step: str) -> TableRefused:
    return TableRefused(what, faults=faults, next_step=next_step)


def _columns(table: pd.DataFrame, value: str, attributes: Sequence[str]) -> pd.DataFrame:
    header = [str(name) for name in table.columns]
    wrong = [f"no column {name!r}" for name in dict.fromkeys((*KEYS, value, *attributes)) if name not in header]
    wrong += [f"column {name!r} appears twice" for name in dict.fromkeys(header) if header.count(name) > 1]
    if wrong:
        raise _refuse_table(
            "The table does not have the columns a ranking needs.",
            [FaultLine(what=fault, where="header", why=f"found: {', '.join(header)}") for fault in wrong],
            f"Give the columns {', '.join(KEYS)} and {value}, each once.",
        )
    if table.empty:
        raise _refuse_table("The table has no rows.", [FaultLine(what="no rows", where="table")], "Add the cases.")
    frame = pd.DataFrame({key: names(table[key]) for key in KEYS})
    frame["value"] = numbers(table[value])
    for extra in ("truth", "trained_on"):
        if extra in header:
            frame[extra] = names(table[extra])
    for attribute in attributes:
        frame[f"attribute {attribute}"] = names(table[attribute])
    return frame


def _whole_table(frame: pd.DataFrame) -> None:
    """Refuse what cannot be laid at one model's door."""
    faults = [
        FaultLine(what="a row without a model", where=f"row {row + 2}")
        for row in np.flatnonzero(blank(frame["model"]))[:NAMED_AT_MOST]
    ]
    twins = collisions(frame["hospital"].unique())
    faults += [
        FaultLine(
            what=f"hospital names that differ only by case or spaces: {', '.join(map(repr, spellings))}",
            where="hospital",
        )
        for spellings in sorted(set(twins.values()))
    ]
    faults += _several(frame, ["hospital", "case"], "patient", "a case of more than one patient")
    if "truth" in frame:
        known = [TRUTHS.get(text.strip().lower(), np.nan) for text in frame["truth"].cat.categories]
        truth = np.array(known, dtype=float)[frame["truth"].cat.codes.to_numpy()]
        faults += [
            FaultLine(what=f"truth is {frame['truth'].iloc[row]!r}, not 0 or 1", where=_place(frame, row))
            for row in np.flatnonzero(np.isnan(truth))[:NAMED_AT_MOST]
        ]
        frame["truth"] = truth
        faults += _several(frame, ["hospital", "patient"], "truth", "a patient with more than one truth")
    if faults:
        raise _refuse_table(
            "The table contradicts itself, so nothing in it can be ranked.", faults, "Correct these rows and try again."
        )


def _several(frame: pd.DataFrame, keys: list[str], column: str, what: str) -> list[FaultLine]:
    distinct = frame.drop_duplicates([*keys, column])
    repeated = distinct[distinct.duplicated(keys)].head(NAMED_AT_MOST)
    return [FaultLine(what=what, where=_place(frame, row)) for row in repeated.index.tolist()]


def _names(frame: pd.DataFrame) -> list[Refusal]:
    twins = collisions(frame["model"].unique())
    return [
        (
            name,
            FaultLine(
                what="model names that differ only by case or spaces",
                where=", ".join(map(repr, spellings)),
                why="they may be one model under two names",
                next="give each model one name of its own",
            ),
        )
        for name, spellings in twins.items()
    ]


def _blanks(frame: pd.DataFrame) -> list[Refusal]:
    refused = []
    for key in KEYS[1:]:
        for model, row, count in _first_of_each(frame, blank(frame[key])):
            fault = FaultLine(
                what=f"{count} rows without a {key}",
                where=f"model {model}, first in row {row + 2}",
                why="an unknown is no group to put patients in",
                next=f"fill in the {key}",
            )
            refused.append((model, fault))
    return refused


def _values(frame: pd.DataFrame, raw: pd.Series) -> list[Refusal]:
    bad = ~np.isfinite(frame["value"].to_numpy())
    texts = raw.reset_index(drop=True)
    return [
        (
            model,
            FaultLine(
                what=f"{count} values that are missing, infinite or no number",
                where=f"first at {_place(frame, row)}",
                why=f"the first is {str(texts.iloc[row])!r}",
                next="give every case a finite number; decide what a failed case is worth and write it down",
            ),
        )
        for model, row, count in _first_of_each(frame, bad)
    ]


def _duplicates(frame: pd.DataFrame) -> list[Refusal]:
    return [
        (
            model,
            FaultLine(
                what=f"{count} rows repeat a case",
                where=f"first at {_place(frame, row)}",
                why="a case counts once, and it cannot be told which row is meant",
                next="keep one row for each case",
            ),
        )
        for model, row, count in _first_of_each(frame, frame.duplicated(["model", "hospital", "case"]).to_numpy())
    ]


def _without(frame: pd.DataFrame, refused: Sequence[Refusal]) -> pd.DataFrame:
    if not refused:
        return frame
    return frame[~frame["model"].isin({model for model, _ in refused})].reset_index(drop=True)


def _first_of_each(frame: pd.DataFrame, bad: np.ndarray) -> list[tuple[str, int, int]]:
    """Model, first bad row and number of bad rows, for each model that has any."""
    rows = pd.Series(np.flatnonzero(bad)).groupby(np.asarray(frame["model"][bad]), sort=True)
    return [(str(model), int(found.iloc[0]), len(found)) for model, found in rows]


def _place(frame: pd.DataFrame, row: int) -> str:
    found = frame.iloc[row]
    return f"model {found['model']}, hospital {found['hospital']}, case {found['case']}"
