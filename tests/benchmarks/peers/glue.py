"""What a group writes for itself: nibabel, cc3d and surface-distance glued together, with care but in an afternoon."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import cc3d
import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from tests.benchmarks.case import LESIONS, PANCREAS, CaseFiles
from tests.benchmarks.inputs import Pair
from tests.benchmarks.numbers import Numbers, under
from tests.benchmarks.peers import surface_distance


def case(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """From two files to every metric."""

    def run() -> Numbers:
        images = [nib.Nifti1Image.from_filename(path) for path in (files.reference, files.prediction)]
        reference, prediction = (np.asanyarray(image.dataobj).T for image in images)
        x, y, z = (float(side) for side in images[0].header.get_zooms())
        pair = Pair(reference=reference, prediction=prediction, spacing=(z, y, x))
        numbers: dict[str, float | None] = {}
        for label, name in ((PANCREAS, "pancreas"), (LESIONS, "lesions")):
            numbers |= under(name, surface_distance.measure(pair.of(label)))
        return numbers | _detection(pair.of(LESIONS))

    return run


def _detection(pair: Pair) -> dict[str, float | None]:
    lesions, count = cc3d.connected_components(pair.reference, connectivity=26, return_N=True)
    findings, others = cc3d.connected_components(pair.prediction, connectivity=26, return_N=True)
    about_lesions, about_findings = cc3d.statistics(lesions), cc3d.statistics(findings)
    iou = np.zeros((count, others))
    both = (lesions > 0) & (findings > 0)
    pairs, shared = np.unique(np.stack([lesions[both], findings[both]]), axis=1, return_counts=True)
    for (lesion, finding), voxels in zip(pairs.T, shared, strict=True):
        joint = about_lesions["voxel_counts"][lesion] + about_findings["voxel_counts"][finding] - voxels
        iou[lesion - 1, finding - 1] = voxels / joint
    rows, columns = linear_sum_assignment(np.where(iou >= 0.1, iou + 1, 0), maximize=True)
    hits = {int(row) + 1: int(column) + 1 for row, column in zip(rows, columns, strict=True) if iou[row, column] >= 0.1}
    numbers: dict[str, float | None] = {"hits": len(hits), "missed": count - len(hits), "false": others - len(hits)}
    for lesion in range(1, count + 1):
        box = about_lesions["bounding_boxes"][lesion]
        name = f"lesion {lesion}"
        numbers[f"{name}.diameter"] = _diameter(lesions[box] == lesion, pair.spacing)
        numbers[f"{name}.ml"] = float(about_lesions["voxel_counts"][lesion]) * float(np.prod(pair.spacing)) / 1000
        if lesion in hits:
            masks = Pair(reference=lesions == lesion, prediction=findings == hits[lesion], spacing=pair.spacing)
            numbers |= under(name, surface_distance.measure(masks))
    return numbers


def _diameter(mask: NDArray[Any], spacing: tuple[float, float, float]) -> float:
    longest = max(spacing[1:])
    for plane in mask:
        points = np.argwhere(plane) * spacing[1:]
        if len(points) < 2:
            continue
        with suppress(QhullError):  # all in one row
            points = points[ConvexHull(points).vertices]
        longest = max(longest, float(pdist(points).max()))
    return longest
