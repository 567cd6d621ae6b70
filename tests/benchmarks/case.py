"""The synthetic case of every figure: a pancreas, three tumours, and a prediction that misses the smallest of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid, Volume
from evaluator.volumes import write_nifti

SPACING = (0.7, 0.7, 1.5)
PANCREAS, LESIONS = 1, 2
TOLERANCES = (1.0, 2.0, 3.0)
FULL = 512  # columns and rows of the scan that the targets are about

Place = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class CaseFiles:
    """A case as it lies on disk."""

    reference: Path
    prediction: Path


@dataclass(frozen=True, kw_only=True)
class Size:
    """The scan: 512×512×300 voxels, or everything in it smaller by one factor."""

    columns: int = FULL
    slices: int = 300

    @property
    def scale(self) -> float:
        return self.columns / FULL

    @property
    def grid(self) -> Grid:
        affine = np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0])
        affine[:3, 3] = [180.0, 180.0, -200.0]
        return Grid((self.columns, self.columns, self.slices), affine)


def write_case(folder: Path, size: Size, *, far: bool = False, specks: int = 0) -> CaseFiles:
    """Write both masks. ``far`` puts three false voxels into corners of the scan, ``specks`` so many anywhere in it."""
    reference, prediction = _Canvas(size), _Canvas(size)
    for canvas, shift, girth in ((reference, 0.0, 1.048), (prediction, 1.2, 1.028)):
        for t in np.linspace(0, 1, 9):
            centre = (180 + 150 * t + shift, 250 + 30 * np.sin(6 * t) + shift, 30 * t - 15)
            canvas.ball(centre, (16.2 - 3.2 * t) * girth, PANCREAS)
    reference.ball((190, 255, -12), 20, LESIONS)
    prediction.ball((191, 256, -12), 19, LESIONS)
    reference.ball((260, 250, 0), 8, LESIONS)
    prediction.ball((261, 249, 1), 7.5, LESIONS)
    reference.ball((330, 240, 14), 3, LESIONS)
    for false in ((100, 100, 0), (400, 400, 20), (300, 300, -30), (220, 180, 10)):
        prediction.ball(false, 4, LESIONS)
    columns, slices = size.columns, size.slices
    if far:
        for corner in ((5, 5, 3), (columns - 12, 10, slices - 5), (10, columns - 12, slices // 3)):
            prediction.data[corner] = LESIONS
    rng = np.random.default_rng(0)
    for i, j, k in rng.integers(0, size.grid.shape, size=(specks, 3)):
        prediction.data[i, j, k] = LESIONS
    return write_pair(folder, Volume(reference.data, size.grid), Volume(prediction.data, size.grid))


def write_pair(folder: Path, reference: Volume, prediction: Volume) -> CaseFiles:
    folder.mkdir(parents=True)
    files = CaseFiles(reference=folder / "reference.nii.gz", prediction=folder / "prediction.nii.gz")
    write_nifti(files.reference, reference)
    write_nifti(files.prediction, prediction)
    return files


class _Canvas:
    """A mask to paint on. Places are voxels of the full scan, the third from the middle slice on; radii are mm."""

    def __init__(self, size: Size) -> None:
        self.data: NDArray[np.uint8] = np.zeros(size.grid.shape, dtype=np.uint8, order="F")
        self._size = size

    def ball(self, centre: Place, radius: float, value: int) -> None:
        scale, middle = self._size.scale, self._size.slices // 2
        paint_ellipsoid(
            self.data,
            centre=(centre[0] * scale, centre[1] * scale, middle + centre[2] * scale),
            radii=(radius * scale,) * 3,
            value=value,
        )


def paint_ellipsoid(data: NDArray[np.unsignedinteger], *, centre: Place, radii: Place, value: int) -> None:
    """Set the voxels within an ellipsoid. ``centre`` is in voxels, ``radii`` in mm along the axes."""
    steps = [radius / spacing for radius, spacing in zip(radii, SPACING, strict=True)]
    box = tuple(
        slice(max(0, int(at - step) - 1), max(0, int(at + step) + 2)) for at, step in zip(centre, steps, strict=True)
    )
    squares = [
        ((np.arange(side)[part] - at) / step) ** 2
        for side, part, at, step in zip(data.shape, box, centre, steps, strict=True)
    ]
    data[box][squares[0][:, None, None] + squares[1][:, None] + squares[2] <= 1] = value
