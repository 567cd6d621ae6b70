"""The surface of a mask, and the distances between two."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evaluator.records import Grid
from evaluator.scoring.device import CPU, Device
from evaluator.scoring.lines import lay_out
from evaluator.scoring.nearest import Distances, nearest
from evaluator.scoring.voxels import Flat

TOLERANCE_SLACK = 1e-6  # relative: 1.4 mm with 0.7 mm voxels must not hang on a header's float32


@dataclass(frozen=True, kw_only=True, eq=False)
class SurfaceDistances:
    """Distance in mm from each surface voxel of one mask to the nearest surface voxel of the other, both ways.

    Conventions differ between programs and are named here; see Maier-Hein et al. 2024, "Metrics reloaded".
    """

    to_reference: Distances
    to_prediction: Distances

    @cached_property
    def pooled(self) -> Distances:
        return np.concatenate([self.to_reference, self.to_prediction])

    def nsd(self, tolerance: float) -> float:
        """Normalised surface Dice: share of both surfaces' voxels within ``tolerance`` mm (Nikolov 2021, on voxels)."""
        return float((self.pooled <= tolerance * (1 + TOLERANCE_SLACK)).mean())

    @property
    def hd(self) -> float:
        """Hausdorff distance: the largest of all."""
        return float(self.pooled.max())

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


def surface_distances(*, reference: Flat, prediction: Flat, grid: Grid, device: Device = CPU) -> SurfaceDistances:
    """Distances between the surfaces of two masks that are not empty."""
    ours, theirs = surface(reference, grid), surface(prediction, grid)
    return SurfaceDistances(
        to_reference=nearest(theirs, ours, grid, device=device),
        to_prediction=nearest(ours, theirs, grid, device=device),
    )


def surface(mask: Flat, grid: Grid) -> Flat:
    """Voxels of a mask with a face neighbour outside it or outside the scan: medpy's border."""
    if not len(mask):
        return mask
    lines = lay_out(mask, grid)
    columns, width = grid.shape[0], lines.cells.shape[1]
    found = []
    for here in lines.blocks(np.flatnonzero(lines.row)):
        cells = lines.cells[lines.row[here]]
        inner = cells.copy()
        inner[:, 1:-1] &= cells[:, :-2] & cells[:, 2:]
        for step in (1, lines.pitch):
            inner &= lines.cells[lines.row[here - step]] & lines.cells[lines.row[here + step]]
        outer = np.flatnonzero(cells > inner)
        line = outer // width
        number = here[line] - lines.margin
        number -= number // lines.pitch
        found.append(number * columns + outer - line * width + lines.left)
    return np.concatenate(found).astype(np.int32)
