"""Which finding hits which lesion: one to one, by a named and versioned rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree

from evaluator.errors import UsageError
from evaluator.scoring.objects import Objects
from evaluator.scoring.voxels import locate, to_world, voxel_indices

DEFAULT_HIT_RULE = "hit/1"
HIT_RULES = ("hit/1", "any-overlap", "iou>=T", "dice>=T", "centre<=MM", "picai")

Pairs = NDArray[np.float64]  # lesions × findings
Eligible = NDArray[np.bool_]  # lesions × findings


@dataclass(frozen=True, kw_only=True, eq=False)
class Contacts:
    """Every lesion beside every finding: shared, single and joint volumes, and how far the finding's centre is."""

    lesions: Objects
    findings: Objects
    shared: NDArray[np.int64]

    @property
    def iou(self) -> Pairs:
        return self.shared / (self._sum - self.shared)

    @property
    def dice(self) -> Pairs:
        return 2 * self.shared / self._sum

    @property
    def _sum(self) -> Pairs:
        return self.lesions.sizes[:, np.newaxis] + self.findings.sizes

    def centre_within(self, radius: float) -> Eligible:
        """Whether a finding's centre lies within ``radius`` mm of a voxel centre of the lesion."""
        close = np.zeros(self.shared.shape, dtype=bool)
        reach = radius * (1 + 1e-9)
        for position in range(len(self.lesions.ids)):
            points = to_world(voxel_indices(self.lesions.members(position), self.lesions.grid), self.lesions.grid)
            centres = self.findings.centres_mm
            near = ((centres >= points.min(axis=0) - reach) & (centres <= points.max(axis=0) + reach)).all(axis=1)
            if near.any():
                close[position, near] = KDTree(points).query(centres[near])[0] <= reach
        return close

    def not_too_large(self) -> Eligible:
        """Whether the finding is at most ten times the lesion, or at most 4 mL."""
        limit = np.maximum(10 * self.lesions.volumes_ml, 4.0) * (1 + 1e-9)
        return self.findings.volumes_ml <= limit[:, np.newaxis]


@dataclass(frozen=True, kw_only=True)
class HitRule:
    """When a finding may hit a lesion. ``picai`` maximises overlap only and ignores surplus findings on a lesion."""

    name: str
    eligible: Callable[[Contacts], Eligible]
    hits_first: bool = True
    surplus_ignored: bool = False


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Finding of each lesion hit, by identifier, and the findings the rule leaves out of the count."""

    finding_of: dict[int, int]
    ignored: frozenset[int]

    @property
    def lesion_of(self) -> dict[int, int]:
        return {finding: lesion for lesion, finding in self.finding_of.items()}


def get_hit_rule(name: str) -> HitRule:
    """The rule of a name.

    Raises
    ------
    UsageError
        No rule has this name.
    """
    if name == "hit/1":
        return HitRule(name=name, eligible=lambda c: ((c.iou >= 0.10) | c.centre_within(5.0)) & c.not_too_large())
    if name == "any-overlap":
        return HitRule(name=name, eligible=lambda c: c.shared > 0)
    if name == "picai":
        return HitRule(name=name, eligible=lambda c: c.iou >= 0.10, hits_first=False, surplus_ignored=True)
    parts = re.fullmatch(r"(iou|dice)>=([01](?:\.\d+)?)", name)
    if parts and 0 < float(parts[2]) <= 1:
        measure, least = parts[1], float(parts[2])
        return HitRule(name=name, eligible=lambda c: (c.iou if measure == "iou" else c.dice) >= least)
    if parts := re.fullmatch(r"centre<=(\d+(?:\.\d+)?)", name):
        radius = float(parts[1])
        return HitRule(name=name, eligible=lambda c: c.centre_within(radius))
    raise UsageError(
        f"There is no hit rule {name!r}.",
        why=f"The rules are {', '.join(HIT_RULES)}; T from above 0 to 1, MM in millimetres.",
        next_step=f"Choose one, or leave it out for {DEFAULT_HIT_RULE}.",
    )


def match(lesions: Objects, findings: Objects, *, rule: HitRule) -> Matches:
    """Pair lesions and findings one to one: as many hits as possible, and among those the largest sum of IoU.

    Parameters
    ----------
    lesions, findings : Objects
        Objects on one grid.
    rule : HitRule
        Which pairs may be hits.
    """
    if not lesions.ids or not findings.ids:
        return Matches(finding_of={}, ignored=frozenset())
    contacts = Contacts(lesions=lesions, findings=findings, shared=_shared_voxels(lesions, findings))
    eligible = rule.eligible(contacts)
    # A sum of IoU never exceeds the number of pairs, so one hit more always weighs more than any overlap.
    bonus = min(eligible.shape) + 1 if rule.hits_first else 0
    rows, columns = linear_sum_assignment(np.where(eligible, contacts.iou + bonus, 0.0), maximize=True)
    finding_of = {
        lesions.ids[row]: findings.ids[column]
        for row, column in zip(rows, columns, strict=True)
        if eligible[row, column]
    }
    surplus = {findings.ids[column] for column in np.flatnonzero(eligible.any(axis=0))} - set(finding_of.values())
    return Matches(finding_of=finding_of, ignored=frozenset(surplus if rule.surplus_ignored else ()))


def _shared_voxels(lesions: Objects, findings: Objects) -> NDArray[np.int64]:
    positions = locate(lesions.flat, findings.flat)
    met = positions >= 0
    shape = (len(lesions.ids), len(findings.ids))
    pairs = np.ravel_multi_index((lesions.owner[met], findings.owner[positions[met]]), shape)
    return np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)
