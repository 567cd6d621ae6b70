"""What the scorer's numbers mean, written out: each voxel's neighbours, each pair of surface voxels.

Formulas: Maier-Hein, Reinke et al. 2024, "Metrics reloaded" (Nature Methods 21) and its supplement; MONAI's and
MetricsReloaded's documentation for which percentile and which mean. Both take as boundary what a binary erosion by the
six face neighbours takes off, and what lies outside the scan as background.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from tests.evaluator.scoring.shapes import Mask, Pair

SLACK = 1 + 1e-6


def boundary(mask: Mask) -> NDArray[np.int64]:
    """Indices of the voxels with a face neighbour outside the mask, shape (n, 3)."""
    found = []
    for voxel in np.argwhere(mask):
        around = voxel + np.concatenate([np.eye(3, dtype=int), -np.eye(3, dtype=int)])
        outside = ((around < 0) | (around >= mask.shape)).any(axis=1)
        if outside.any() or not mask[tuple(around.T)].all():
            found.append(voxel)
    return np.array(found)


@dataclass(frozen=True)
class Plainly:
    pair: Pair

    @cached_property
    def directions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Distances in mm from the reference's boundary to the prediction's, and back."""
        affine = self.pair.grid.affine
        ours, theirs = (
            boundary(mask) @ affine[:3, :3].T + affine[:3, 3] for mask in (self.pair.reference, self.pair.prediction)
        )
        between = cdist(ours, theirs)
        return between.min(axis=1), between.min(axis=0)

    @property
    def dice(self) -> float:
        ours, theirs = self.pair.reference, self.pair.prediction
        return float(2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()))

    @property
    def iou(self) -> float:
        ours, theirs = self.pair.reference, self.pair.prediction
        return float((ours & theirs).sum() / (ours | theirs).sum())

    @property
    def hd(self) -> float:
        there, back = self.directions
        return float(max(there.max(), back.max()))

    @property
    def hd95_max(self) -> float:
        """MetricsReloaded, MONAI: the larger of two percentiles, each of one direction."""
        there, back = self.directions
        return max(percentile_95(there), percentile_95(back))

    @property
    def hd95_pooled(self) -> float:
        """medpy 0.5.2: one percentile of both directions."""
        return percentile_95(np.concatenate(self.directions))

    @property
    def assd_pooled(self) -> float:
        """MetricsReloaded's ASSD, MONAI symmetric, medpy 0.5.2: all distances over all boundary voxels."""
        there, back = self.directions
        return float((there.sum() + back.sum()) / (len(there) + len(back)))

    @property
    def masd(self) -> float:
        """MetricsReloaded's MASD: half of one direction's mean and half of the other's."""
        there, back = self.directions
        return float(there.sum() / len(there) / 2 + back.sum() / len(back) / 2)

    def nsd(self, tolerance: float) -> float:
        """MetricsReloaded, MONAI: boundary voxels within the tolerance of the other boundary, of all.

        A distance that is the tolerance but for rounding is within it: `SLACK` is ours, the programs have none.
        """
        there, back = (direction <= tolerance * SLACK for direction in self.directions)
        return float((there.sum() + back.sum()) / (len(there) + len(back)))


def percentile_95(values: NDArray[np.float64]) -> float:
    """Between the two values around 95 % of the way from the least to the largest, in proportion."""
    ordered = np.sort(values)
    place = 0.95 * (len(ordered) - 1)
    below, above = ordered[int(np.floor(place))], ordered[int(np.ceil(place))]
    return float(below + (place - np.floor(place)) * (above - below))
