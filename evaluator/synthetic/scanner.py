"""From tissue to Hounsfield units as one hospital's scanner would show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from evaluator.records import Grid, Volume
from evaluator.synthetic.frame import HALF_DEPTH, HALF_WIDTH, paint_table
from evaluator.synthetic.hospitals import Hospital
from evaluator.synthetic.shapes import Axes, Box, SmoothField
from evaluator.synthetic.tissue import PANCREAS, TUMOUR_DEPTH, Tissue, densities

LOWEST, HIGHEST = -92.0, 99.0  # atlas millimetres about the pancreas that a scan covers, before jitter


@dataclass(frozen=True, kw_only=True, eq=False)
class Shadow:
    """A tumour in a scan, or what looks like one: how much of each voxel it fills, how wide and how dark it is."""

    share: NDArray[np.float32]
    box: Box
    diameter_mm: float
    strength: float = 1.0


def scan_axes(rng: np.random.Generator, *, hospital: Hospital, size: Sequence[float], fat: float) -> Axes:
    """The voxel centres of a scan that holds the patient and the table, in patient millimetres."""
    width = HALF_WIDTH * size[0] + fat + 16
    front = HALF_DEPTH * size[1] + 0.75 * fat + 14
    back = HALF_DEPTH * size[1] + fat + 22
    low, high = (LOWEST - rng.uniform(0, 12)) * size[2], (HIGHEST - rng.uniform(0, 12)) * size[2]
    return (
        np.arange(-width, width, hospital.spacing_mm[0]),
        np.arange(-back, front, hospital.spacing_mm[1]),
        np.arange(low, high, hospital.slice_mm),
    )


def expose(
    rng: np.random.Generator,
    *,
    hospital: Hospital,
    phase: str,
    tissue: NDArray[np.uint8],
    axes: Axes,
    shadows: Sequence[Shadow],
) -> NDArray[np.int16]:
    """The image: densities, texture, tumours, the table, then the scanner's blur, noise and offset."""
    table = densities(phase)
    organs = np.arange(len(table)) >= Tissue.HEART
    table = table * np.where(organs & (table > 0), rng.normal(1.0, 0.035, len(table)).clip(0.92, 1.08), 1.0)
    table[list(PANCREAS)] = table[Tissue.PANCREAS_BODY] - rng.uniform(0, 6)
    image = table.astype(np.float32)[tissue]
    image += _texture(rng, tissue, axes)
    depth = TUMOUR_DEPTH[phase] * hospital.conspicuity * rng.uniform(0.85, 1.15)
    for shadow in shadows:
        _cast(image, shadow, level=float(table[Tissue.PANCREAS_BODY]), depth=depth, axes=axes)
    back = -float(axes[1][0]) - 8
    image[paint_table((axes[0], axes[1]), back=back) & (tissue.max(axis=2) == Tissue.AIR)] = -560.0

    spread = [hospital.kernel_mm / 2.355 / step for step in hospital.spacing_mm]
    image = ndimage.gaussian_filter(image, [*spread, 0.42], truncate=3.0)
    image += _noise(rng, hospital, axes) + np.float32(hospital.offset_hu)
    return np.rint(image).clip(-1024, 3071).astype(np.int16)


def to_volume(voxels: NDArray[np.generic], axes: Axes, *, flips: Sequence[int], shift: NDArray[np.float64]) -> Volume:
    """Voxels in the hospital's own orientation, on a grid in world millimetres."""
    affine = np.eye(4)
    for axis, (centres, flip) in enumerate(zip(axes, flips, strict=True)):
        affine[axis, axis] = (centres[1] - centres[0]) * flip
        affine[axis, 3] = (centres[0] if flip > 0 else centres[-1]) + shift[axis]
    turned = voxels[:: flips[0], :: flips[1], :: flips[2]]
    shape = (turned.shape[0], turned.shape[1], turned.shape[2])
    return Volume(np.ascontiguousarray(turned), Grid(shape, affine.round(4)))


def _cast(image: NDArray[np.float32], shadow: Shadow, *, level: float, depth: float, axes: Axes) -> None:
    """Mix the tumour in; early tumours are fainter, large ones have a necrotic core."""
    here = image[shadow.box]
    faint = shadow.strength * min(1.0, 0.45 + 0.55 * shadow.diameter_mm / 18)
    steps = [float(axis[1] - axis[0]) for axis in axes]
    inside = ndimage.distance_transform_edt(shadow.share > 0.5, sampling=steps)
    core = 22.0 * shadow.strength * np.clip((inside - 6.0) / 6.0, 0, 1)
    image[shadow.box] = here * (1 - shadow.share) + (level - depth * faint - core) * shadow.share


def _texture(rng: np.random.Generator, tissue: NDArray[np.uint8], axes: Axes) -> NDArray[np.float32]:
    """Tissue is not uniform: stool is coarse, fat has strands, parenchyma is fine."""
    strength = np.full(len(Tissue), 3.0, dtype=np.float32)
    strength[[Tissue.AIR, Tissue.GAS, Tissue.TABLE]] = 0.0
    strength[[Tissue.FAT, Tissue.LUNG, Tissue.MARROW, Tissue.STOOL]] = (7.0, 35.0, 30.0, 30.0)
    strength[list(PANCREAS)] = 6.0
    return strength[tissue] * SmoothField.draw(rng, step=7.0).on(axes)


def _noise(rng: np.random.Generator, hospital: Hospital, axes: Axes) -> NDArray[np.float32]:
    """Quantum noise: correlated by the kernel, strongest where the beam crosses the most tissue."""
    shape = (len(axes[0]), len(axes[1]), len(axes[2]))
    white = rng.standard_normal(shape, dtype=np.float32)
    grain = ndimage.gaussian_filter(
        white, [hospital.kernel_mm / 2.6 / step for step in hospital.spacing_mm] + [0.3], truncate=2.5
    )
    if hospital.sharpening:
        grain -= np.float32(hospital.sharpening) * ndimage.gaussian_filter(grain, [2.0, 2.0, 0], truncate=2.0)
    grain *= np.float32(hospital.noise_hu / grain.std())
    away = (axes[0][:, None] / 150) ** 2 + (axes[1][None, :] / 105) ** 2
    return grain * (0.55 + 0.6 * np.exp(-0.8 * away)).astype(np.float32)[:, :, None]
