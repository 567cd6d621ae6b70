"""A CT scan as a detector wants it: right-anterior-superior, in Hounsfield units, not finer than it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import nibabel as nib
import numpy as np

FINEST_MM = 1.4  # finer voxels are averaged in blocks: what is sought is larger, and time is short
RAS = np.array([[0, 1], [1, 1], [2, 1]])


@dataclass(frozen=True)
class Finding:
    """Where the detector sees a lesion, on the scan's working grid, and how sure it is of it (0 to 1)."""

    mask: np.ndarray
    confidence: float


@dataclass(frozen=True)
class Scan:
    hu: np.ndarray  # float32, [right, anterior, superior]
    spacing: tuple[float, float, float]  # mm
    native_shape: tuple[int, int, int]
    orientation: np.ndarray
    blocks: tuple[int, int, int]

    @property
    def voxel_ml(self) -> float:
        return float(np.prod(self.spacing)) / 1000.0

    def sigma(self, mm: float) -> tuple[float, ...]:
        """A width in millimetres as scipy's filters want it, in voxels."""
        return tuple(mm / step for step in self.spacing)

    def to_native(self, array: np.ndarray) -> np.ndarray:
        """An array on the working grid, as it lies on the CT's own."""
        for axis, block in enumerate(self.blocks):
            array = np.repeat(array, block, axis=axis)
        back = nib.orientations.ornt_transform(RAS, self.orientation)
        turned = nib.orientations.apply_orientation(array, back)
        return turned[tuple(slice(0, size) for size in self.native_shape)]


def prepare(voxels: np.ndarray, affine: np.ndarray) -> Scan:
    """Turn a CT to right-anterior-superior and average it to the working grid."""
    orientation = nib.orientations.io_orientation(affine)
    steps = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    blocks = np.maximum(1, np.floor(FINEST_MM / steps + 1e-6)).astype(int)
    padding = [(0, -size % block) for size, block in zip(voxels.shape, blocks, strict=True)]
    padded = np.pad(voxels, padding, mode="edge").astype(np.float32)
    split = [part for size, block in zip(padded.shape, blocks, strict=True) for part in (size // block, block)]
    small = padded.reshape(split).mean(axis=(1, 3, 5))
    order = np.argsort(orientation[:, 0])
    return Scan(
        hu=np.ascontiguousarray(nib.orientations.apply_orientation(small, orientation)),
        spacing=tuple((steps * blocks)[order]),
        native_shape=voxels.shape,
        orientation=orientation,
        blocks=tuple(blocks[order]),
    )


def likelihood(findings: Sequence[Finding]) -> float:
    """The patient's: that of the most suspicious finding."""
    return max((finding.confidence for finding in findings), default=0.0)
