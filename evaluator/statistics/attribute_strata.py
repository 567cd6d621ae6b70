"""Sensitivity and specificity in groups of patients: by phase, scanner, slice thickness, sex, age and race."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evaluator.records import CaseRecord, Rate
from evaluator.statistics.disclosure import hidden_cells, hide
from evaluator.statistics.intervals import wilson
from evaluator.statistics.outcomes import Outcome
from evaluator.statistics.strata import UNKNOWN

AGES = ((50, "under 50"), (65, "50–64"), (80, "65–79"))
OLDEST = "80 and over"
THICKNESSES = ((1.5, "up to 1.5 mm"), (3.0, "over 1.5 to 3 mm"))
THICKEST = "over 3 mm"
ROUNDING = 1e-6  # a header's float32
TOTAL = ""


@dataclass(frozen=True, kw_only=True)
class GroupRates:
    """Of the group's index scans. Negatives can be in these groups, so specificity belongs to them too."""

    sensitivity: Rate
    specificity: Rate


Tables = dict[str, dict[str, GroupRates]]  # by attribute, then by group


def _age(case: CaseRecord) -> str | None:
    if case.age is None:
        return None
    return next((name for edge, name in AGES if case.age < edge), OLDEST)


def _thickness(case: CaseRecord) -> str | None:
    millimetres = case.slice_thickness_mm
    if millimetres is None:
        return None
    return next((name for edge, name in THICKNESSES if millimetres <= edge + ROUNDING), THICKEST)


GROUP_OF: Mapping[str, Callable[[CaseRecord], str | None]] = {
    "phase": lambda case: case.phase,
    "scanner": lambda case: case.scanner,
    "slice thickness": _thickness,
    "sex": lambda case: case.sex,
    "age": _age,
    "race": lambda case: case.race,
}
ORDER = [*(name for _, name in (*THICKNESSES, *AGES)), THICKEST, OLDEST]


def by_attribute(patients: Sequence[Outcome]) -> Tables:
    """Rates of each group of each attribute that is known of anybody.

    Parameters
    ----------
    patients : sequence of Outcome
        Index scans. What is unknown of a patient is missing and never a group.

    Returns
    -------
    dict of dict of GroupRates
        Wilson's intervals; bands in their order, other groups by name.

    References
    ----------
    `evaluator.statistics.intervals.wilson`.
    """
    tables: Tables = {}
    answered = [(outcome.case, outcome.correct) for outcome in patients]
    for attribute, group_of in GROUP_OF.items():
        counts = Counter((group_of(case), case.cancer, correct) for case, correct in answered)
        members = {group for group, _, _ in counts if group is not None}
        if members:
            names = sorted(members, key=lambda name: (ORDER.index(name) if name in ORDER else -1, name))
            tables[attribute] = {
                name: GroupRates(sensitivity=_rate(counts, name, True), specificity=_rate(counts, name, False))
                for name in names
            }
    return tables


def _rate(counts: Counter[tuple[str | None, bool, bool]], group: str, cancer: bool) -> Rate:
    right = counts[group, cancer, True]
    return wilson(right, right + counts[group, cancer, False])


def withhold_groups(
    blocks: Mapping[str, Tables], *, totals: Mapping[str, tuple[int, int]], whole: str, minimum: int
) -> dict[str, Tables]:
    """Hide rates of fewer than ``minimum`` patients, and those that subtraction from a total would tell.

    Parameters
    ----------
    blocks : mapping of str to Tables
        By hospital, and ``whole``, which they add up to.
    totals : mapping of str to (int, int)
        Patients with and without cancer of each.
    whole : str
        The name of the column that the hospitals add up to.
    minimum : int
        The smallest number of patients that may be published.
    """
    hidden = {
        (attribute, kind): _hidden(blocks, totals, attribute, kind, whole=whole, minimum=minimum)
        for attribute in blocks[whole]
        for kind in range(2)
    }

    def veil(rate: Rate, cell: tuple[str, str], attribute: str, kind: int) -> Rate:
        return hide(rate, minimum=minimum) if cell in hidden[attribute, kind] else rate

    return {
        at: {
            attribute: {
                group: replace(
                    rates,
                    sensitivity=veil(rates.sensitivity, (at, group), attribute, 0),
                    specificity=veil(rates.specificity, (at, group), attribute, 1),
                )
                for group, rates in groups.items()
            }
            for attribute, groups in tables.items()
        }
        for at, tables in blocks.items()
    }


def _hidden(
    blocks: Mapping[str, Tables],
    totals: Mapping[str, tuple[int, int]],
    attribute: str,
    kind: int,
    *,
    whole: str,
    minimum: int,
) -> frozenset[tuple[str, str]]:
    counts: dict[tuple[str, str], int] = {}
    sums: list[list[tuple[str, str]]] = []
    columns = [whole, *(at for at in blocks if at != whole)]
    for at in columns:
        parts = {
            (at, group): ((rates.sensitivity, rates.specificity)[kind].n or 0)
            for group, rates in blocks[at].get(attribute, {}).items()
        }
        # With a few unknown their number is as good as a hidden group's: the parts and they add up to the total.
        if unknown := totals[at][kind] - sum(parts.values()):
            parts[at, UNKNOWN] = unknown
        counts |= {(at, TOTAL): totals[at][kind], **parts}
        sums.append([(at, TOTAL), *parts])
    sums += [[(at, group) for at in columns] for group in (TOTAL, *blocks[whole][attribute], UNKNOWN)]
    return hidden_cells(counts, sums=sums, minimum=minimum)
