"""A label map taken apart: the voxels of each label."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid, Volume
from evaluator.scoring.objects import require_labels
from evaluator.scoring.voxels import Flat, foreground, values_at

NOTHING: Flat = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelMap:
    """The voxels of a label volume that are not background, and their labels, shapes (n,)."""

    volume: Volume
    flat: Flat
    labels: NDArray[Any]

    @property
    def grid(self) -> Grid:
        return self.volume.grid

    @cached_property
    def parts(self) -> dict[int, Flat]:
        """The voxels of each label that occurs, in the order of the labels."""
        values, owner, counts = np.unique(self.labels, return_inverse=True, return_counts=True)
        if len(values) <= 1:
            return {int(value): self.flat for value in values}
        order = np.argsort(owner.astype(np.min_scalar_type(len(values))), kind="stable")
        parts = np.split(self.flat[order], np.cumsum(counts)[:-1])
        return {int(value): part for value, part in zip(values, parts, strict=True)}

    def of(self, label: int) -> Flat:
        return self.parts.get(label, NOTHING)


def read_labels(volume: Volume) -> LabelMap:
    """Raises VolumeRefused if a value is no label."""
    flat = foreground(volume.data)
    labels = values_at(flat, volume)
    require_labels(labels)
    return LabelMap(volume=volume, flat=flat, labels=labels)
