"""What a group's published total tells of the patients whose group is withheld in the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.ranking.panel import Codes
from evaluator.ranking.strata import FEWEST_IN_GROUP
from evaluator.records import CaseRecord
from evaluator.statistics.attribute_strata import GROUP_OF

Marks = NDArray[np.bool_]
NO_TOTAL = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Totals:
    """Of one attribute, the published count that each patient is in, and whom another attribute withholds already."""

    counted: Codes  # (patients,), NO_TOTAL where no count is published
    elsewhere: Marks  # (patients,)


def totals_of(codes: Codes, kinds: Codes, *, groups: int, minimum: int, elsewhere: Marks | None = None) -> Totals:
    """The counts a ranking shows: groups of 30 of either truth, and of either truth all others together.

    Parameters
    ----------
    codes : array of int, (patients,)
        The group; −1 is unknown.
    kinds : array of int, (patients,)
        The truth.
    groups : int
        How many groups there are.
    minimum : int
        The others are no published count where they are fewer.
    elsewhere : array of bool, optional
        Patients whose group cannot be read because another attribute's is withheld.

    Returns
    -------
    Totals
        All NO_TOTAL where no two groups are large enough, because nothing is published then.

    References
    ----------
    `evaluator.ranking.strata.strata_of`.
    """
    present = np.unique(kinds)
    sizes = np.array([np.bincount(codes[(kinds == kind) & (codes >= 0)], minlength=groups) for kind in present])
    large = np.append((sizes >= FEWEST_IN_GROUP).all(axis=0), False)
    counted = np.where(large[codes], codes, groups)
    if large.sum() < 2:
        counted = np.full(len(codes), NO_TOTAL)
    for kind in present:
        rest = (kinds == kind) & (counted == groups)
        if rest.sum() < minimum:
            counted = np.where(rest, NO_TOTAL, counted)
    nobody = np.zeros(len(codes), dtype=bool)
    return Totals(counted=counted, elsewhere=nobody if elsewhere is None else elsewhere)


def card_totals(codes: Codes, kinds: Codes, *, groups: int, minimum: int) -> Totals:
    """The counts a report card may show: of either truth each group of ``minimum`` patients, and all others together.

    Parameters
    ----------
    codes : array of int, (patients,)
        The group; −1 is unknown.
    kinds : array of int, (patients,)
        The truth.
    groups : int
        How many groups there are.
    minimum : int
        The smallest number of patients that may be published.

    Returns
    -------
    Totals
        Some that a card hides are among them: which ones it hides depends on every hospital's numbers.

    References
    ----------
    `evaluator.statistics.attribute_strata.withhold_groups`.
    """
    counted = np.where(codes < 0, groups, codes)
    for kind in np.unique(kinds):
        mine = kinds == kind
        small = mine & (np.bincount(counted[mine], minlength=groups + 1)[counted] < minimum)
        counted = np.where(small, groups, counted)
        rest = mine & (counted == groups)
        if rest.sum() < minimum:
            counted = np.where(rest, NO_TOTAL, counted)
    return Totals(counted=counted, elsewhere=np.zeros(len(codes), dtype=bool))


def told_beside(others: Sequence[CaseRecord], *, minimum: int) -> frozenset[str]:
    """The attributes of which a card minus the table would tell of a few patients of hospitals off the panel.

    Parameters
    ----------
    others : sequence of CaseRecord
        Their index scans, one a patient. Report cards count them, the table does not have them.
    minimum : int
        The smallest number of patients that may be published.

    Returns
    -------
    frozenset of str
        Those with a group, or of whom it is unknown, of fewer patients of a truth.

    References
    ----------
    `evaluator.statistics.attribute_strata.by_attribute`.
    """
    sizes = {name: Counter((group(case), case.cancer) for case in others) for name, group in GROUP_OF.items()}
    return frozenset(name for name, counts in sizes.items() if any(count < minimum for count in counts.values()))


def withhold_more(hidden: Marks, *, cells: Codes, kinds: Codes, totals: Sequence[Totals], minimum: int) -> Marks:
    """Withhold whole hospitals, one truth of each, until no total minus what is shown tells of a few patients.

    Parameters
    ----------
    hidden : array of bool, (patients,)
        Whose group is withheld.
    cells, kinds : array of int, (patients,)
        Hospital × truth, and truth.
    totals : sequence of Totals
        Of the attribute, and of those it is crossed with.
    minimum : int
        The smallest number of patients that may be published.

    Returns
    -------
    array of bool
        In every total the withheld are nobody, or ``minimum`` patients at least out of two hospitals at least.

    References
    ----------
    Cox LH. Suppression methodology and statistical disclosure control. JASA 1980;75:377–385.
    """
    while (cell := _next(hidden, cells=cells, kinds=kinds, totals=totals, minimum=minimum)) is not None:
        hidden = hidden | (cells == cell)
    return hidden


def _next(hidden: Marks, *, cells: Codes, kinds: Codes, totals: Sequence[Totals], minimum: int) -> int | None:
    for total in totals:
        unread = hidden | total.elsewhere
        for kind in np.unique(kinds[unread]):
            mine = kinds == kind
            hospitals = len(np.unique(cells[mine & unread]))
            for counted in np.unique(total.counted[mine & unread]):
                inside = mine & (total.counted == counted)
                if counted == NO_TOTAL or (hospitals >= 2 and (inside & unread).sum() >= minimum):
                    continue
                left = inside & ~unread if (inside & ~unread).any() else mine & ~unread
                if left.any() and (hospitals < 2 or (inside & ~unread).any()):
                    sizes = np.bincount(cells[left])
                    return int(np.flatnonzero(sizes)[sizes[sizes > 0].argmin()])
    return None
