"""One label map of many structures, as a whole-body model writes it, and a prediction a little off everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Volume
from tests.benchmarks.case import SPACING, CaseFiles, Place, Size, paint_ellipsoid, write_pair

STRUCTURES = 377
BODY = (150.0, 105.0)  # mm: half the width and depth of the trunk of the full scan
LARGE: tuple[tuple[Place, Place], ...] = (  # centre as a part of the scan, radii in mm: organs the small ones lie on
    ((0.32, 0.45, 0.50), (62, 48, 70)),
    ((0.70, 0.45, 0.52), (38, 30, 45)),
    ((0.30, 0.50, 0.80), (48, 60, 85)),
    ((0.70, 0.50, 0.80), (48, 60, 85)),
    ((0.35, 0.62, 0.35), (26, 22, 50)),
    ((0.65, 0.62, 0.35), (26, 22, 50)),
    ((0.50, 0.72, 0.50), (24, 20, 220)),
)


def write_structures(folder: Path, size: Size, *, count: int = STRUCTURES) -> CaseFiles:
    """Write both label maps, labels 1 to ``count``."""
    rng = np.random.default_rng(377)
    organs = [(_absolute(part, size), radii) for part, radii in LARGE]
    organs += _small(rng, size, count - len(LARGE))
    reference = np.zeros(size.grid.shape, dtype=np.uint16, order="F")
    prediction = reference.copy(order="F")
    for label, (centre, radii) in enumerate(organs, start=1):
        x, y, z = (radius * size.scale for radius in radii)
        paint_ellipsoid(reference, centre=centre, radii=(x, y, z), value=label)
        dx, dy, dz = rng.uniform(-1, 1, size=3) / SPACING
        moved = (centre[0] + dx, centre[1] + dy, centre[2] + dz)
        paint_ellipsoid(prediction, centre=moved, radii=(0.97 * x, 0.97 * y, 0.97 * z), value=label)
    return write_pair(folder, Volume(reference, size.grid), Volume(prediction, size.grid))


def _small(rng: np.random.Generator, size: Size, count: int) -> list[tuple[Place, Place]]:
    """Ellipsoids of 4 to 16 mm half-axes, spread over the trunk as evenly as a jittered lattice does."""
    trunk = _lattice(count)
    places = trunk + rng.uniform(-0.01, 0.01, size=trunk.shape)
    radii = rng.uniform(4, 16, size=(count, 3))
    return [
        (_absolute((float(x), float(y), float(z)), size), (float(a), float(b), float(c)))
        for (x, y, z), (a, b, c) in zip(places, radii, strict=True)
    ]


def _lattice(count: int) -> NDArray[np.float64]:
    """So many points within the trunk, as parts of the scan."""
    side = 4
    while True:
        axis = (np.arange(side) + 0.5) / side
        points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
        off = (points[:, :2] - 0.5) * 512 * SPACING[0] / np.array(BODY)
        inside = points[(off**2).sum(axis=1) <= 0.9]
        if len(inside) >= count:
            chosen: NDArray[np.float64] = inside[np.linspace(0, len(inside) - 1, count).astype(int)]
            return chosen
        side += 1


def _absolute(part: Place, size: Size) -> Place:
    columns, rows, slices = size.grid.shape
    return part[0] * columns, part[1] * rows, part[2] * slices
