"""Two grids compared: shape, and where the corners of the volume lie."""

from __future__ import annotations

import itertools

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from evaluator.errors import GridMismatch
from evaluator.records import Grid
from evaluator.volumes.header import by

TOLERANCE_MM = 1e-3


def require_same_grid(a: Grid, b: Grid, *, what: str) -> None:
    """Raise GridMismatch unless both grids have one shape and the same voxels at the same places.

    Parameters
    ----------
    a, b : Grid
        The grid that is judged, and the one that is expected.
    what : str
        Names ``a`` in the error.

    Raises
    ------
    GridMismatch
        The shapes differ, or the worst of the eight corner voxels lies more than ``TOLERANCE_MM`` from where it
        should. Corners, because a direction that is off by 0.001 is off by half a millimetre 500 voxels on; no voxel
        is further off than the worst corner. The error names what differs: shape, spacing, orientation, origin.
    """
    if a.shape != b.shape:
        raise grid_mismatch(what, f"Its shape is {by(a.shape)}, expected {by(b.shape)}.")
    off = float(np.linalg.norm(corners(a) - corners(b), axis=1).max())
    if not off <= TOLERANCE_MM:
        named = " ".join(_differences(a, b)) or "Its affine differs."
        raise grid_mismatch(what, f"{named} A corner lies {off:.4g} mm off (tolerance {TOLERANCE_MM:g} mm).")


def corners(grid: Grid) -> NDArray[np.float64]:
    """World coordinates of the eight corner voxels' centres, mm, shape (8, 3)."""
    ends = np.array(list(itertools.product(*((0, side - 1) for side in grid.shape))), dtype=np.float64)
    return ends @ grid.affine[:3, :3].T + grid.affine[:3, 3]


def orientation(affine: NDArray[np.float64]) -> str:
    """Where the three axes point, for example "RAS"."""
    return "".join(code or "?" for code in nib.aff2axcodes(affine))


def grid_mismatch(what: str, why: str) -> GridMismatch:
    return GridMismatch(
        f"{what} does not lie on the expected grid.",
        why=why,
        next_step="Write it with the shape and affine (in NIfTI the sform) of the CT; nothing is resampled here.",
    )


def _differences(a: Grid, b: Grid) -> list[str]:
    """Sentences on the parts of two affines that move a corner by more than the tolerance."""
    reach = np.array(b.shape) - 1.0
    found = []
    if (np.abs(np.subtract(a.spacing, b.spacing)) * np.maximum(reach, 1) > TOLERANCE_MM).any():
        found.append(f"Its spacing is {by(a.spacing)} mm, expected {by(b.spacing)} mm.")
    ours, theirs = a.affine[:3, :3] / a.spacing, b.affine[:3, :3] / b.spacing
    apart = np.linalg.norm(ours - theirs, axis=0)
    if orientation(a.affine) != orientation(b.affine):
        found.append(f"Its orientation is {orientation(a.affine)}, expected {orientation(b.affine)}.")
    elif (apart * np.maximum(reach, 1) * b.spacing > TOLERANCE_MM).any():
        degrees = float(np.degrees(2 * np.arcsin(min(1.0, float(apart.max()) / 2))))
        found.append(
            f"Its orientation is {orientation(a.affine)} as expected, but an axis is turned by {degrees:.3g}°."
        )
    if float(np.linalg.norm(a.affine[:3, 3] - b.affine[:3, 3])) > TOLERANCE_MM:
        found.append(f"Its origin is {_point(a.affine)}, expected {_point(b.affine)}.")
    return found


def _point(affine: NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{value:.7g}" for value in affine[:3, 3]) + ") mm"
