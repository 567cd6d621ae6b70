"""Which organ a lesion lies in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from evaluator.records import Grid, Volume
from evaluator.scoring.surfaces import surface
from evaluator.scoring.voxels import Flat, foreground, to_world, values_at, voxel_indices
from evaluator.volumes import require_same_grid


class Places:
    """Organ labels to name a lesion's location by: the organ most of it lies in, else the organ nearest to it.

    Parameters
    ----------
    organs : Volume
        Integer organ labels on ``grid``.
    names : mapping of int to str, optional
        Names of the labels that count as a location; without it every label counts under its number.

    Raises
    ------
    GridMismatch
        The organs lie on another grid.
    """

    def __init__(self, grid: Grid, organs: Volume, names: Mapping[int, str] | None) -> None:
        require_same_grid(organs.grid, grid, what="The organ labels")
        self._organs = organs
        self._names = names

    def of(self, voxels: Flat, centre: NDArray[np.float64]) -> str | None:
        """The location of an object, given its voxels and its centre in RAS mm; None where there is no organ."""
        labels, counts = np.unique(values_at(voxels, self._organs), return_counts=True)
        known = [self._known(int(label)) for label in labels]
        if any(known):
            return self._name(int(labels[np.argmax(np.where(known, counts, 0))]))
        if not len(self._outline):
            return None
        closest = self._tree.query(centre)[1]
        return self._name(int(values_at(self._outline[closest : closest + 1], self._organs)[0]))

    @cached_property
    def _outline(self) -> Flat:
        inside = foreground(self._organs.data)
        labels = values_at(inside, self._organs)
        known = [label for label in np.unique(labels) if self._known(int(label))]
        return surface(inside[np.isin(labels, known)], self._organs.grid)

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(to_world(voxel_indices(self._outline, self._organs.grid), self._organs.grid))

    def _known(self, label: int) -> bool:
        return label != 0 and (self._names is None or label in self._names)

    def _name(self, label: int) -> str:
        return str(label) if self._names is None else self._names[label]
