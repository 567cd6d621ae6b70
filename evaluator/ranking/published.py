"""The per-patient table of a published ranking: random numbers for names, and nothing that points at a few people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from io import StringIO

import numpy as np
import pandas as pd

from evaluator.ranking.attributes import CROSSED
from evaluator.ranking.panel import NEGATIVE, POSITIVE, Codes, Panel
from evaluator.ranking.totals import card_totals, totals_of, withhold_more

WITHHELD = "withheld"
PATIENT, HOSPITAL, TRUTH = "patient", "hospital", "truth"
ANSWER = "correct: "  # before a model's name, so that a model may be called like an attribute
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "'")
ORDER = ("sex", "age", "race", "phase", "scanner")  # what is worth most is withheld last


def publish(panel: Panel, *, minimum: int, rng: np.random.Generator, closed: Collection[str] = ()) -> pd.DataFrame:
    """One row a patient, in the order of random numbers that mean nothing outside this table.

    Parameters
    ----------
    panel : Panel
        Right (1) and wrong (0) answers, a positive and a negative cell a hospital.
    minimum : int
        No combination of hospital, truth and attributes is held by fewer patients, "withheld" among the attributes;
        0 withholds nothing.
    rng : numpy.random.Generator
        Deals the numbers. It should be seeded by chance: whoever can repeat it can undo it.
    closed : collection of str
        Attributes to withhold of everybody (`told_beside`).

    Returns
    -------
    pandas.DataFrame
        Columns patient, hospital, truth, the attributes, and "correct: MODEL" of each model; all text.

    References
    ----------
    Sweeney L. k-anonymity: a model for protecting privacy. Int J Uncertain Fuzz 2002;10:557–570.
    """
    cells = [cell for cell in panel.cells if cell.patients]
    attributes = [name for name in ORDER if name in panel.groups]
    attributes += [name for name in panel.groups if name not in (*ORDER, CROSSED)]
    people = np.repeat(np.arange(len(cells)), [cell.patients for cell in cells])
    columns: dict[str, object] = {
        HOSPITAL: np.array([cell.hospital for cell in cells], dtype=object)[people],
        TRUTH: np.array([{POSITIVE: "1", NEGATIVE: "0"}[cell.group] for cell in cells], dtype=object)[people],
    }
    codes = {name: np.concatenate([cell.labels[name] for cell in cells]) for name in panel.groups}
    kinds = np.array([cell.group == POSITIVE for cell in cells])[people].astype(np.int64)
    columns |= withhold(people, codes, panel.groups, in_order=attributes, kinds=kinds, minimum=minimum, closed=closed)
    answers = np.concatenate([cell.answers for cell in cells]).astype(int).astype(str)
    columns |= {f"{ANSWER}{model}": answers[:, column] for column, model in enumerate(panel.models)}
    order = rng.permutation(len(people))
    digits = len(str(len(people)))
    table = pd.DataFrame(columns).iloc[order].reset_index(drop=True)
    table.insert(0, PATIENT, [f"{number:0{digits}d}" for number in range(1, len(people) + 1)])
    return table


def withhold(
    people: Codes,
    codes: Mapping[str, Codes],
    groups: Mapping[str, Sequence[str]],
    *,
    in_order: Sequence[str],
    kinds: Codes,
    minimum: int,
    closed: Collection[str] = (),
) -> dict[str, list[str]]:
    """Of each attribute what may be shown: the group, blank where it is unknown, or "withheld".

    Attribute by attribute: among the patients who look alike so far, the groups of fewer than ``minimum`` are
    withheld, and the next smallest with them until those withheld are two groups at least and not too few themselves;
    then as many hospitals as it takes so that they do not follow from the counts of the ranking and of report cards
    (`withhold_more`).
    """
    alike = np.unique(people, return_inverse=True)[1]
    shown: dict[str, list[str]] = {}
    unread = np.zeros(len(people), dtype=bool)  # of whom sex or race is withheld
    for attribute in in_order:
        names = np.array([*groups[attribute], "", WITHHELD], dtype=object)  # −1, unknown, is made the last but one
        value = np.where(codes[attribute] < 0, len(names) - 2, codes[attribute])
        cells = alike * len(names) + value
        found, at, counts = np.unique(cells, return_inverse=True, return_counts=True)
        hidden = np.full(len(found), attribute in closed)
        for parent in np.unique(found // len(names)):
            mine = np.flatnonzero(found // len(names) == parent)
            hidden[mine[_hidden(counts[mine], minimum)]] = True
        size = len(groups[attribute])
        totals = [of(codes[attribute], kinds, groups=size, minimum=minimum) for of in (totals_of, card_totals)]
        if attribute in ("sex", "race") and CROSSED in codes:
            of_both = len(groups[CROSSED])
            totals.append(totals_of(codes[CROSSED], kinds, groups=of_both, minimum=minimum, elsewhere=unread))
        withheld = withhold_more(hidden[at], cells=people, kinds=kinds, totals=totals, minimum=minimum)
        unread = unread | withheld if attribute in ("sex", "race") else unread
        value = np.where(withheld, len(names) - 1, value)
        shown[attribute] = names[value].tolist()
        alike = np.unique(alike * len(names) + value, return_inverse=True)[1]
    return shown


def _hidden(counts: Codes, minimum: int) -> Codes:
    """Which of these cells are withheld, smallest first."""
    order = np.argsort(counts, kind="stable")
    few = int((counts < minimum).sum())
    while 0 < few < len(counts) and (few == 1 or counts[order[:few]].sum() < minimum):
        few += 1
    return order[:few]


def cell(text: str) -> str:
    """What begins like a formula gets an apostrophe, so that no spreadsheet runs a hospital's or a scanner's name."""
    return f"'{text}" if text[:1] in FORMULAS else text


def from_cells(table: pd.DataFrame) -> pd.DataFrame:
    """The table that `to_csv` wrote: without the apostrophes."""
    return table.map(lambda text: text.removeprefix("'"))


def to_csv(table: pd.DataFrame) -> bytes:
    text = StringIO()
    table.map(cell).to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()
