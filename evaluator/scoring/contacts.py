"""The pairs of a lesion and a finding that could be a hit at all: those that touch or lie within reach."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.objects import Objects
from evaluator.scoring.reach import Whole, within_reach
from evaluator.scoring.runs import Runs, find_runs, spread

SLACK = 1e-6
"""Relative slack of lengths and volumes: a header's float32 must not decide what lies exactly at a limit."""

Answers = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Contacts:
    """Pairs of a lesion and a finding; every pair that is not here shares nothing and is out of reach.

    Attributes
    ----------
    lesions, findings : Objects
        Objects on one grid.
    lesion, finding : ndarray of int64, shape (pairs,)
        Whole in ``lesions.ids`` and ``findings.ids``, sorted by lesion, then finding.
    shared : ndarray of int64, shape (pairs,)
        Voxels the two have in common.
    near : ndarray of bool, shape (pairs,)
        Whether the finding's centre lies within the reach asked for of a voxel centre of the lesion.
    """

    lesions: Objects
    findings: Objects
    lesion: Whole
    finding: Whole
    shared: Whole
    near: Answers

    @property
    def iou(self) -> NDArray[np.float64]:
        return self.shared / self._union

    def iou_at_least(self, least: Fraction) -> Answers:
        """Compared as whole numbers: no rounding decides a pair that lies exactly at the threshold."""
        return self.shared * least.denominator >= least.numerator * self._union

    def dice_at_least(self, least: Fraction) -> Answers:
        return 2 * self.shared * least.denominator >= least.numerator * (self._union + self.shared)

    def not_larger(self, *, times: int, ml: float) -> Answers:
        """Whether the finding has at most ``times`` the voxels of the lesion, or at most ``ml`` millilitres."""
        of_lesion, of_finding = self._sizes
        return (of_finding <= times * of_lesion) | (of_finding * self.lesions.grid.voxel_ml <= ml * (1 + SLACK))

    @property
    def _union(self) -> Whole:
        of_lesion, of_finding = self._sizes
        return of_lesion + of_finding - self.shared

    @property
    def _sizes(self) -> tuple[Whole, Whole]:
        return (
            self.lesions.sizes[self.lesion].astype(np.int64),
            self.findings.sizes[self.finding].astype(np.int64),
        )


def find_contacts(lesions: Objects, findings: Objects, *, reach_mm: float | None) -> Contacts:
    """Pair what touches, and what lies within reach.

    Parameters
    ----------
    lesions, findings : Objects
        Objects on one grid; at least one of each.
    reach_mm : float or None
        How far a finding's centre may be from a lesion's nearest voxel centre; None: only what touches is paired.
    """
    runs = find_runs(lesions.flat, lesions.grid, lesions.owner)
    columns = len(findings.ids)
    touching, shared = _touching(lesions, runs, findings)
    close = np.zeros(0, dtype=np.int64)
    if reach_mm is not None:
        lesion, finding = within_reach(lesions, runs, findings, reach=reach_mm * (1 + SLACK) + 1e-9)
        close = lesion * columns + finding
    pairs = np.union1d(touching, close)
    count = np.zeros(len(pairs), dtype=np.int64)
    count[np.searchsorted(pairs, touching)] = shared
    near = np.zeros(len(pairs), dtype=bool)
    near[np.searchsorted(pairs, close)] = True
    lesion, finding = np.divmod(pairs, columns)
    return Contacts(lesions=lesions, findings=findings, lesion=lesion, finding=finding, shared=count, near=near)


def _touching(lesions: Objects, ours: Runs, findings: Objects) -> tuple[Whole, Whole]:
    """Pairs that share voxels, as ``lesion * findings + finding``, and how many each shares."""
    theirs = find_runs(findings.flat, findings.grid, findings.owner)
    begin = np.searchsorted(theirs.last, ours.first)
    one, other = spread(begin, np.searchsorted(theirs.first, ours.last, side="right") - begin)
    common = np.minimum(ours.last[one], theirs.last[other]) - np.maximum(ours.first[one], theirs.first[other]) + 1
    lesion = lesions.owner[ours.starts[one]].astype(np.int64)
    pairs, inverse = np.unique(lesion * len(findings.ids) + findings.owner[theirs.starts[other]], return_inverse=True)
    return pairs, np.bincount(inverse, weights=common, minlength=len(pairs)).astype(np.int64)
