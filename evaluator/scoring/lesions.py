"""The lesions of a reference standard: how long, how large, where."""

from __future__ import annotations

from evaluator.records import Lesion
from evaluator.scoring.diameters import axial_axis, axial_diameter, diameter
from evaluator.scoring.locations import Places
from evaluator.scoring.objects import Objects
from evaluator.scoring.voxels import voxel_indices


def describe_lesions(lesions: Objects, *, places: Places | None) -> tuple[Lesion, ...]:
    """Measure each object of a reference, none hit yet; ``places`` names where it lies."""
    grid, axial = lesions.grid, axial_axis(lesions.grid)
    described = []
    for position, number in enumerate(lesions.ids):
        voxels = lesions.members(position)
        x, y, z = (float(value) for value in lesions.centres_mm[position])
        across = voxel_indices(voxels, grid)[:, axial]
        described.append(
            Lesion(
                id=number,
                diameter_mm=axial_diameter(voxels, grid),
                diameter_3d_mm=diameter(voxels, grid),
                volume_ml=float(lesions.volumes_ml[position]),
                centre_mm=(x, y, z),
                slices=(int(across.min()), int(across.max())),
                location=places.of(voxels, lesions.centres_mm[position]) if places else None,
            )
        )
    return tuple(described)
