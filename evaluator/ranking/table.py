"""A long table of any metric: read from CSV, and made into a panel once it is clean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluator.errors import FaultLine, InputRefused, TableRefused, UsageError
from evaluator.ranking.admission import FEWEST_PATIENTS, Admission
from evaluator.ranking.attributes import columns_for
from evaluator.ranking.checks import clean
from evaluator.ranking.columns import present
from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Codes, Panel
from evaluator.ranking.table_attributes import table_attributes

BOM = b"\xef\xbb\xbf"
LARGE_SHARE = 0.5


def read_table(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a CSV file as text, so that no name and no number is guessed at.

    Parameters
    ----------
    path : Path
        UTF-8, comma-separated, a header row.

    Returns
    -------
    table : pandas.DataFrame
        Every cell a string, blank where empty; as categories, so that a name is kept once.
    notes : tuple of str
        What was noticed on the way: a byte-order mark.

    Raises
    ------
    InputRefused
        There is no such file.
    TableRefused
        It is no such table.

    References
    ----------
    RFC 4180.
    """
    if not path.is_file():
        raise InputRefused(f"{path} is not a file.", next_step="Check the path.")
    with path.open("rb") as stream:
        marked = stream.read(3) == BOM
    try:
        rows = pd.read_csv(path, dtype="category", keep_default_na=False, encoding="utf-8-sig", header=None)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableRefused(
            f"{path} cannot be read as a table.",
            why=str(error).strip(),
            faults=[FaultLine(what="not a UTF-8 table with commas", where=str(path), why=str(error).strip())],
            next_step="Save it as UTF-8 CSV with the same number of fields in every row.",
        ) from error
    table = rows.iloc[1:].reset_index(drop=True)
    table.columns = pd.Index([str(name).strip() for name in rows.iloc[0]])
    notes = ("The file starts with a byte-order mark; it was taken off.",) if marked else ()
    return table, notes


def admit_table(
    table: pd.DataFrame,
    *,
    value: str = "value",
    by: Sequence[str] | None = None,
    lower_is_better: bool = False,
    notes: Sequence[str] = (),
) -> Admission:
    """Check a long table and make a panel of it: θ is the mean over patients of their mean value.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, hospital, case, patient, the value's; optionally truth, trained_on (hospitals, ``;`` between).
    value : str
        The value's column. ``correct`` (1 for a right answer) with a truth column: θ = Se − (1 − Sp).
    by : sequence of str, optional
        Columns whose groups the ranking is held against; None takes those that are known by name.
    lower_is_better : bool
        Whether a low value is a good one; the panel then holds the negative of each.
    notes : sequence of str
        What reading the table brought up.

    Returns
    -------
    Admission
        Models with faults, and hospitals with too few patients, are in ``refused``.

    Raises
    ------
    TableRefused
        Faults that leave nothing to rank by: a missing column, a case of two patients, a patient of two truths …
    UsageError
        An attribute that the table does not have; "correct" with low values first.

    References
    ----------
    The refusals: the defects of published rankings that this one must not repeat.
    """
    if lower_is_better and value == "correct":
        raise UsageError(
            "Right answers cannot be ranked with the fewest first.", next_step="Leave --lower-is-better out."
        )
    attributes = columns_for([str(name) for name in table.columns], by)
    cleaned = clean(table, value=value, attributes=attributes)
    frame, refused = cleaned.frame, list(cleaned.refused)
    models, model = present(frame["model"])
    groups = frame.groupby(["hospital", "patient"], sort=True, observed=True)
    row: Codes = np.asarray(groups.ngroup(), dtype=np.int64)
    first = np.unique(row, return_index=True)[1]
    keys = frame.loc[first, ["hospital", "patient"]].astype(str).reset_index(drop=True)
    values = frame["value"].to_numpy(dtype=float)
    means = _patient_means(-values if lower_is_better else values, row, model, (len(keys), len(models)))
    keys["truth"] = frame["truth"].to_numpy()[first] if "truth" in frame else None
    known = table_attributes(frame, row, attributes)

    youden = value == "correct" and "truth" in frame
    hospitals, cells, cases = [], [], {}
    one_model = frame[frame["model"] == models[0]] if len(models) else frame
    for hospital, group in keys.groupby("hospital", sort=True):
        mine = _cells(str(hospital), group, means, known.codes, youden=youden)
        truths = {bool(truth) for truth in group["truth"].dropna()}
        if (youden and truths != {True, False}) or any(cell.patients < FEWEST_PATIENTS for cell in mine):
            refused.append(
                FaultLine(
                    what="a hospital with fewer than 2 patients (of either truth, where truth counts)",
                    where=f"hospital {hospital}",
                    why="one patient has no variation, so nothing could be said of certainty",
                    next="leave the hospital out or add its other patients",
                )
            )
            continue
        hospitals.append(str(hospital))
        cells += mine
        cases[str(hospital)] = int((one_model["hospital"] == hospital).sum())
    panel = Panel(
        models=tuple(models),
        hospitals=tuple(hospitals),
        cells=tuple(cells),
        offset=-1.0 if youden else 0.0,
        pooled_weights={POSITIVE: 1.0, NEGATIVE: 1.0} if youden else {"patients": 1.0},
        cases=cases,
        statistic="sensitivity − (1 − specificity)" if youden else f"mean over patients of {value}",
        groups=known.groups,
    )
    return Admission(
        panel=panel,
        trained_on=_trained_on(frame),
        refused=(*refused, *known.refused),
        notes=(*notes, *cleaned.notes, *known.notes, *_uneven(panel)),
    )


def _patient_means(
    values: NDArray[np.float64], row: Codes, column: Codes, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Mean value of each patient's cases, (patients, models)."""
    place = row * shape[1] + column
    size = shape[0] * shape[1]
    totals = np.bincount(place, weights=values, minlength=size)
    return (totals / np.maximum(np.bincount(place, minlength=size), 1)).reshape(shape)


def _cells(
    hospital: str, group: pd.DataFrame, means: NDArray[np.float64], codes: Mapping[str, Codes], *, youden: bool
) -> list[Cell]:
    cells = []
    for truth, part in group.groupby("truth", dropna=False, sort=True):
        rows = part.index.to_numpy()
        name = (POSITIVE if truth else NEGATIVE) if youden else "patients"
        weight = 1.0 if youden else len(part) / len(group)
        labels = {attribute: of_all[rows] for attribute, of_all in codes.items()}
        cells.append(Cell(hospital=hospital, group=name, weight=weight, answers=means[rows], labels=labels))
    return cells


def _trained_on(frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    if "trained_on" not in frame:
        return {}
    declared = frame.groupby("model", observed=True)["trained_on"].unique()
    return {
        str(model): tuple(name for text in texts for name in re.split(r"\s*;\s*", str(text).strip()) if name)
        for model, texts in declared.items()
    }


def _uneven(panel: Panel) -> list[str]:
    everyone = sum(panel.patients(hospital) for hospital in panel.hospitals)
    return [
        f"{hospital} holds {panel.patients(hospital) / everyone:.0%} of the patients; each hospital still has one vote."
        for hospital in panel.hospitals
        if len(panel.hospitals) > 1 and panel.patients(hospital) > LARGE_SHARE * everyone
    ]
