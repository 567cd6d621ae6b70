"""What a program is handed in memory: arrays as they lie in a file, slices first, so that loops run along memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from evaluator.volumes import read_volume
from tests.benchmarks.case import CaseFiles


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two masks or label maps and the spacing of their axes in mm."""

    reference: NDArray[Any]
    prediction: NDArray[Any]
    spacing: tuple[float, float, float]

    def of(self, label: int) -> Pair:
        return Pair(reference=self.reference == label, prediction=self.prediction == label, spacing=self.spacing)

    def cropped(self) -> Pair:
        """What a careful person does first: both cut to the box that holds them and one voxel around it."""
        either = (self.reference != 0) | (self.prediction != 0)
        sides = [np.flatnonzero(either.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
        box = tuple(slice(max(0, int(side[0]) - 1), int(side[-1]) + 2) for side in sides)
        return Pair(
            reference=np.ascontiguousarray(self.reference[box]),
            prediction=np.ascontiguousarray(self.prediction[box]),
            spacing=self.spacing,
        )

    def structures(self) -> Iterator[tuple[int, Pair]]:
        """Every label that both have, cut to the boxes that scipy finds for all labels at once."""
        boxes = zip(ndimage.find_objects(self.reference), ndimage.find_objects(self.prediction), strict=True)
        for label, (a, b) in enumerate(boxes, start=1):
            if a is not None and b is not None:
                box = tuple(
                    slice(max(0, min(one.start, two.start) - 1), max(one.stop, two.stop) + 1)
                    for one, two in zip(a, b, strict=True)
                )
                cut = Pair(reference=self.reference[box], prediction=self.prediction[box], spacing=self.spacing)
                yield label, cut.of(label)


def read_pair(files: CaseFiles) -> Pair:
    reference, prediction = read_volume(files.reference), read_volume(files.prediction)
    x, y, z = reference.grid.spacing
    return Pair(reference=reference.data.T, prediction=prediction.data.T, spacing=(z, y, x))
