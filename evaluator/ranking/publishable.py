"""What of a ranking may be shown to everybody: no count from which a few patients could be worked out."""

from __future__ import annotations

from dataclasses import replace

from evaluator.ranking.attribute_records import AttributeResult, GroupOrder
from evaluator.ranking.records import Ranking


def publishable(ranking: Ranking, *, minimum: int) -> Ranking:
    """The ranking without the counts that would tell how many patients are in no counted group, if they are few.

    Parameters
    ----------
    ranking : Ranking
        As it was computed. A group has 30 patients of either truth at least, so its other numbers may be shown.
    minimum : int
        The smallest number of patients that may be published; 0 hides nothing.

    Returns
    -------
    Ranking
        ``uncounted`` below the minimum is None, and so is the smallest group's count: the panel's total is public, and
        one hidden number would follow from it.

    References
    ----------
    Cox LH. Suppression methodology and statistical disclosure control. JASA 1980;75:377–385.
    """
    attributes = {name: veiled(found, minimum=minimum) for name, found in ranking.attributes.items()}
    return replace(ranking, attributes=attributes)


def veiled(result: AttributeResult, *, minimum: int) -> AttributeResult:
    """One attribute's result as `publishable` shows it."""
    groups, uncounted = list(result.groups), dict(result.uncounted)
    for kind, rest in result.uncounted.items():
        if groups and rest is not None and 0 < rest < minimum:
            smallest = min(range(len(groups)), key=lambda at: groups[at].patients[kind] or 0)
            groups[smallest] = _without(groups[smallest], kind)
            uncounted[kind] = None
    return replace(result, groups=tuple(groups), uncounted=uncounted)


def _without(order: GroupOrder, kind: str) -> GroupOrder:
    return replace(order, patients={**order.patients, kind: None})
