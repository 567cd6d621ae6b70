"""What of a ranking may be shown to everybody: nothing from which a few patients could be worked out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from evaluator.errors import FaultLine
from evaluator.ranking.attribute_records import AttributeResult, GroupOrder
from evaluator.ranking.attributes import CROSSED
from evaluator.ranking.records import OffPanel, Ranking
from evaluator.statistics.disclosure import hidden_cells

Count = tuple[str, str, str]  # attribute, group, positive or negative
REST = ""  # the patients in no counted group; a group has a name
TOTAL = "\0"


def publishable(ranking: Ranking, *, minimum: int) -> Ranking:
    """The ranking without what would tell of fewer patients than may be shown.

    Parameters
    ----------
    ranking : Ranking
        As it was computed. A group has 30 patients of either truth at least.
    minimum : int
        The smallest number of patients that may be published; 0 hides nothing.

    Returns
    -------
    Ranking
        Counts of groups that would tell of a few patients, by subtraction from the total or between sex, race and both,
        are None. An attribute with a group below the minimum keeps its verdict only. Counts of hospitals that are off
        the panel are gone, and so are the names of cases and patients in what was refused.

    References
    ----------
    Cox LH. Suppression methodology and statistical disclosure control. JASA 1980;75:377–385.
    """
    if minimum == 0:
        return ranking
    return replace(
        ranking,
        attributes=veiled(ranking.attributes, minimum=minimum),
        off_panel=tuple(_without_counts(hospital) for hospital in ranking.off_panel),
        refused=tuple(dict.fromkeys(_without_cases(fault) for fault in ranking.refused)),
    )


def veiled(attributes: Mapping[str, AttributeResult], *, minimum: int) -> dict[str, AttributeResult]:
    """The attributes' results as `publishable` shows them."""
    large = {name: without_groups(found, minimum=minimum) for name, found in attributes.items()}
    hidden = hidden_counts(large, minimum=minimum)
    return {name: _without(found, name, hidden) for name, found in large.items()}


def without_groups(result: AttributeResult, *, minimum: int) -> AttributeResult:
    """Without its groups' numbers, if one of the groups is below the minimum."""
    counts = [count for order in result.groups for count in order.patients.values() if count is not None]
    if not counts or min(counts) >= minimum:
        return result
    return replace(
        result,
        why=f"{result.why} What it is in each group is hidden: one has fewer than {minimum} patients of a truth.",
        tau=None,
        tau_null=None,
        reversals=(),
        groups=(),
        gaps=(),
        critical=None,
        uncounted={},
    )


def hidden_counts(attributes: Mapping[str, AttributeResult], *, minimum: int) -> frozenset[Count]:
    """The counts to hide: every attribute's add up to the panel's total, and those of sex × race to sex and to race."""
    hidden: set[Count] = set()
    for kind in dict.fromkeys(kind for result in attributes.values() for kind in result.uncounted):
        columns = {name: _column(name, result, kind) for name, result in attributes.items()}
        for column in columns.values():
            total = (TOTAL, TOTAL, kind)
            counts = {total: sum(column.values()), **column}
            hidden |= hidden_cells(counts, sums=[list(counts)], minimum=minimum)
        apart = [cell for name in ("sex", "race", CROSSED) for cell in columns.get(name, ())]
        if hidden.intersection(apart) or any(0 < rest < minimum for rest in _uncrossed(attributes, kind)):
            hidden |= columns.get(CROSSED, {}).keys()
    return frozenset(hidden)


def _column(name: str, result: AttributeResult, kind: str) -> dict[Count, int]:
    """An attribute's counts; without those of nobody, which may be known."""
    counts = {(name, order.group, kind): order.patients[kind] or 0 for order in result.groups}
    counts[name, REST, kind] = result.uncounted.get(kind) or 0
    return {cell: count for cell, count in counts.items() if count}


def _uncrossed(attributes: Mapping[str, AttributeResult], kind: str) -> Iterator[int]:
    """How many of each group of sex and of race are in no group of sex × race: on no page, but a subtraction away."""
    crossed = attributes[CROSSED].groups if CROSSED in attributes else ()
    for name in ("sex", "race"):
        for order in attributes[name].groups if name in attributes else ():
            inside = [one.patients[kind] or 0 for one in crossed if _in(one.group, name, order)]
            if inside:
                yield (order.patients[kind] or 0) - sum(inside)


def _in(crossed: str, name: str, order: GroupOrder) -> bool:
    """Whether a group of sex × race lies in this group of sex or of race."""
    return crossed.startswith(f"{order.group} × ") if name == "sex" else crossed.endswith(f" × {order.group}")


def _without(result: AttributeResult, name: str, hidden: frozenset[Count]) -> AttributeResult:
    def shown(counts: Mapping[str, int | None], group: str) -> dict[str, int | None]:
        return {kind: None if (name, group, kind) in hidden else count for kind, count in counts.items()}

    def veil(order: GroupOrder) -> GroupOrder:
        return replace(order, patients=shown(order.patients, order.group))

    return replace(
        result, groups=tuple(veil(order) for order in result.groups), uncounted=shown(result.uncounted, REST)
    )


def _without_counts(hospital: OffPanel) -> OffPanel:
    return replace(hospital, reason=f"too few patients: it takes {hospital.fewest} positive and as many negative")


def _without_cases(fault: FaultLine) -> FaultLine:
    """Which submission, and no more: faults name cases and patients."""
    model, _, _ = fault.where.partition(", ")
    return FaultLine(what="results that cannot be counted", where=model)
