"""DeepMind's surface-distance: surfaces are area elements between voxels. It crops by itself."""

from __future__ import annotations

from collections.abc import Callable

import surface_distance

from tests.benchmarks.case import TOLERANCES, CaseFiles
from tests.benchmarks.inputs import Pair, read_pair
from tests.benchmarks.numbers import Numbers, under


def outline(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    pair = read_pair(files).of(label)
    return lambda: measure(pair)


def structures(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """Every label of a label map."""
    pair = read_pair(files)

    def run() -> Numbers:
        numbers: dict[str, float | None] = {}
        for label, cut in pair.structures():
            numbers |= under(str(label), measure(cut))
        return numbers

    return run


def measure(pair: Pair) -> dict[str, float | None]:
    distances = surface_distance.compute_surface_distances(pair.reference, pair.prediction, pair.spacing)
    there, back = surface_distance.compute_average_surface_distance(distances)
    numbers: dict[str, float | None] = {
        "dice": float(surface_distance.compute_dice_coefficient(pair.reference, pair.prediction)),
        "hd95_area": float(surface_distance.compute_robust_hausdorff(distances, 95)),
        "assd_area": float(there + back) / 2,
    }
    for tolerance in TOLERANCES:
        nsd = surface_distance.compute_surface_dice_at_tolerance(distances, tolerance * (1 + 1e-6))
        numbers[f"nsd_area@{tolerance}"] = float(nsd)
    return numbers
