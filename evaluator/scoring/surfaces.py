"""Distances between the surfaces of two masks, by a KD-tree over surface voxels: cost follows surface, not scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from evaluator.records import Grid, StructureScore
from evaluator.scoring.objects import CHUNK, Flat, locate, to_world, voxel_indices

TOLERANCE_SLACK = 1e-6  # relative: 1.4 mm with 0.7 mm voxels must not hang on a header's float32


@dataclass(frozen=True, kw_only=True, eq=False)
class SurfaceDistances:
    """Distance in mm from each surface voxel of one mask to the nearest surface voxel of the other, both ways."""

    to_reference: NDArray[np.float64]
    to_prediction: NDArray[np.float64]

    @cached_property
    def pooled(self) -> NDArray[np.float64]:
        return np.concatenate([self.to_reference, self.to_prediction])

    def nsd(self, tolerance: float) -> float:
        """Normalised surface Dice: share of both surfaces' voxels within ``tolerance`` mm (Nikolov 2021, on voxels)."""
        return float((self.pooled <= tolerance * (1 + TOLERANCE_SLACK)).mean())

    @property
    def hd95_pooled(self) -> float:
        """95th percentile of both directions together, as medpy 0.5.2 has it."""
        return float(np.percentile(self.pooled, 95))

    @property
    def hd95_max(self) -> float:
        """Larger of the two directions' 95th percentiles, as MONAI and MetricsReloaded have it."""
        return float(max(np.percentile(self.to_reference, 95), np.percentile(self.to_prediction, 95)))

    @property
    def assd_pooled(self) -> float:
        """Mean of both directions together, as medpy 0.5.2 and MONAI have it."""
        return float(self.pooled.mean())

    @property
    def masd(self) -> float:
        """Mean of the two directions' means, as MetricsReloaded has it."""
        return float((self.to_reference.mean() + self.to_prediction.mean()) / 2)


def score_structure(*, reference: Flat, prediction: Flat, grid: Grid, tolerances: Sequence[float]) -> StructureScore:
    """Overlap and surface distances of one structure.

    Parameters
    ----------
    reference, prediction : ndarray of int32, shapes (n,) and (m,)
        The masks' voxels, as `objects.Flat`.
    grid : Grid
        The grid of both.
    tolerances : sequence of float
        Tolerances of the normalised surface Dice, mm.

    Returns
    -------
    StructureScore
        An empty prediction of something has Dice and NSD 0 and no distances; an empty reference has volumes only.
    """
    keys = {str(float(tolerance)): float(tolerance) for tolerance in tolerances}
    volume_reference_ml, volume_prediction_ml = len(reference) * grid.voxel_ml, len(prediction) * grid.voxel_ml
    if not len(reference) or not len(prediction):
        worst = 0.0 if len(reference) else None
        return StructureScore(
            dice=worst,
            nsd=dict.fromkeys(keys, worst),
            hd95_pooled=None,
            hd95_max=None,
            assd_pooled=None,
            masd=None,
            volume_reference_ml=volume_reference_ml,
            volume_prediction_ml=volume_prediction_ml,
        )
    shared = np.count_nonzero(locate(reference, prediction) >= 0)
    distances = surface_distances(reference=reference, prediction=prediction, grid=grid)
    return StructureScore(
        dice=float(2 * shared / (len(reference) + len(prediction))),
        nsd={key: distances.nsd(tolerance) for key, tolerance in keys.items()},
        hd95_pooled=distances.hd95_pooled,
        hd95_max=distances.hd95_max,
        assd_pooled=distances.assd_pooled,
        masd=distances.masd,
        volume_reference_ml=volume_reference_ml,
        volume_prediction_ml=volume_prediction_ml,
    )


def surface_distances(*, reference: Flat, prediction: Flat, grid: Grid) -> SurfaceDistances:
    """Distances between the surfaces of two masks that are not empty; arguments as in `score_structure`."""
    ours, theirs = (to_world(voxel_indices(surface(mask, grid), grid), grid) for mask in (reference, prediction))
    return SurfaceDistances(
        to_reference=np.asarray(KDTree(ours).query(theirs)[0]), to_prediction=np.asarray(KDTree(theirs).query(ours)[0])
    )


def surface(mask: Flat, grid: Grid) -> Flat:
    """Voxels of a mask with a face neighbour outside it or outside the scan: medpy's border."""
    columns, rows, _ = grid.shape
    area = columns * rows
    first = int(mask[0]) // area - 1
    slab = np.zeros((int(mask[-1]) // area - first + 2) * area, dtype=bool)  # with an empty slice at either end
    slab[mask - first * area] = True
    inner = np.zeros(len(mask), dtype=bool)
    for start in range(0, len(mask), CHUNK):
        part = mask[start : start + CHUNK]
        i, j, here = part % columns, part // columns % rows, part - first * area
        within = (i > 0) & (i < columns - 1) & (j > 0) & (j < rows - 1)
        for step in (-1, 1, -columns, columns, -area, area):
            within &= slab[here + step]
        inner[start : start + CHUNK] = within
    return mask[~inner]
