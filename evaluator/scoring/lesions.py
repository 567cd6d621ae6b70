"""The lesions of a reference standard: how long, how large, where."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist

from evaluator.records import Grid, Lesion, Volume
from evaluator.scoring.objects import Objects, foreground, to_world, values_at, voxel_indices
from evaluator.scoring.surfaces import surface
from evaluator.volumes import require_same_grid


def describe_lesions(
    lesions: Objects, *, organs: Volume | None = None, organ_names: Mapping[int, str] | None = None
) -> tuple[Lesion, ...]:
    """Measure each lesion; none is hit yet.

    Parameters
    ----------
    lesions : Objects
        The reference's objects.
    organs : Volume, optional
        Integer organ labels on the same grid.
    organ_names : mapping of int to str, optional
        Names of the labels that count as a location; without it every label counts under its number.

    Raises
    ------
    GridMismatch
        The organs lie on another grid.
    """
    places = _Places(lesions.grid, organs, organ_names) if organs is not None and lesions.ids else None
    described = []
    for position, number in enumerate(lesions.ids):
        members = lesions.members(position)
        x, y, z = (float(value) for value in lesions.centres_mm[position])
        described.append(
            Lesion(
                id=number,
                diameter_mm=axial_diameter(members, lesions.grid),
                volume_ml=float(lesions.volumes_ml[position]),
                centre_mm=(x, y, z),
                location=places.of(members, lesions.centres_mm[position]) if places else None,
            )
        )
    return tuple(described)


def axial_diameter(voxels: NDArray[np.int64], grid: Grid) -> float:
    """Longest axial Feret diameter between voxel centres, in mm; at least one in-plane voxel.

    Parameters
    ----------
    voxels : ndarray of int64, shape (n, 3)
        Voxel indices of one object.
    grid : Grid
        The axial slices are those across the axis that runs closest to head-foot.
    """
    axial = int(np.argmax(np.abs(grid.affine[2, :3]) / grid.spacing))
    row, along = (axis for axis in range(3) if axis != axial)
    longest = max(grid.spacing[row], grid.spacing[along])
    # The two ends of a longest diameter are ends of their rows, so the voxels between need not be looked at.
    ordered = voxels[np.lexsort((voxels[:, along], voxels[:, row], voxels[:, axial]))]
    changes = (np.diff(ordered[:, [row, axial]], axis=0) != 0).any(axis=1)
    ends = ordered[np.concatenate([[True], changes]) | np.concatenate([changes, [True]])]
    for points in np.split(ends, np.flatnonzero(np.diff(ends[:, axial])) + 1):
        if len(points) > 1:
            longest = max(longest, float(pdist(to_world(points, grid)).max()))
    return longest


class _Places:
    """Organ labels to name a lesion's location by: the organ most of it lies in, else the organ nearest to it."""

    def __init__(self, grid: Grid, organs: Volume, names: Mapping[int, str] | None) -> None:
        require_same_grid(organs.grid, grid, what="The organ labels")
        self._organs = organs
        self._names = names

    def of(self, voxels: NDArray[np.int64], centre: NDArray[np.float64]) -> str | None:
        labels, counts = np.unique(self._organs.data[tuple(voxels.T)], return_counts=True)
        known = [self._known(int(label)) for label in labels]
        if any(known):
            return self._name(int(labels[np.argmax(np.where(known, counts, 0))]))
        return self._nearest(centre)

    def _nearest(self, centre: NDArray[np.float64]) -> str | None:
        grid = self._organs.grid
        labels = [int(label) for label in np.unique(self._organs.data) if self._known(int(label))]
        if not labels:
            return None
        outline = surface(foreground(np.isin(self._organs.data, labels)), grid)
        closest = KDTree(to_world(voxel_indices(outline, grid), grid)).query(centre)[1]
        return self._name(int(values_at(outline[closest : closest + 1], self._organs)[0]))

    def _known(self, label: int) -> bool:
        return label != 0 and (self._names is None or label in self._names)

    def _name(self, label: int) -> str:
        return str(label) if self._names is None else self._names[label]
