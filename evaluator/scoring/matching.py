"""Which finding hits which lesion, one to one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from evaluator.scoring.contacts import find_contacts
from evaluator.scoring.hit_rules import HitRule
from evaluator.scoring.objects import Objects


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Finding of each lesion hit, by identifier, and the findings the rule leaves out of the count."""

    finding_of: dict[int, int]
    ignored: frozenset[int]

    @property
    def lesion_of(self) -> dict[int, int]:
        return {finding: lesion for lesion, finding in self.finding_of.items()}


def match(lesions: Objects, findings: Objects, *, rule: HitRule) -> Matches:
    """Pair lesions and findings one to one: as many hits as possible, and among those the largest sum of IoU.

    A rule with a ``hit_worth`` maximises the sum of that and IoU over the hits instead.

    Parameters
    ----------
    lesions, findings : Objects
        Objects on one grid.
    rule : HitRule
        Which pairs may be hits.
    """
    if not lesions.ids or not findings.ids:
        return Matches(finding_of={}, ignored=frozenset())
    contacts = find_contacts(lesions, findings, reach_mm=rule.reach_mm)
    eligible = rule.eligible(contacts)
    # Lesions and findings without an eligible pair cannot match: the matrix holds the others only.
    rows, row = np.unique(contacts.lesion[eligible], return_inverse=True)
    columns, column = np.unique(contacts.finding[eligible], return_inverse=True)
    worth = np.zeros((len(rows), len(columns)))
    # A sum of IoU never exceeds the number of pairs, so one hit more always weighs more than any overlap.
    a_hit = min(worth.shape) + 1 if rule.hit_worth is None else rule.hit_worth
    worth[row, column] = contacts.iou[eligible] + a_hit
    finding_of = {
        lesions.ids[rows[r]]: findings.ids[columns[c]]
        for r, c in zip(*linear_sum_assignment(worth, maximize=True), strict=True)
        if worth[r, c] > 0
    }
    surplus = {findings.ids[position] for position in columns} - set(finding_of.values())
    return Matches(finding_of=finding_of, ignored=frozenset(surplus if rule.surplus_ignored else ()))
