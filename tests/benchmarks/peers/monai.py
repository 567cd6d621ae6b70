"""MONAI's metrics, one core, spacing given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from monai.metrics import (
    compute_average_surface_distance,
    compute_dice,
    compute_hausdorff_distance,
    compute_surface_dice,
)

from tests.benchmarks.case import TOLERANCES, CaseFiles
from tests.benchmarks.inputs import read_pair
from tests.benchmarks.numbers import Numbers


def outline(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    torch.set_num_threads(1)
    pair = read_pair(files).of(label)
    reference, prediction = (
        torch.from_numpy(mask.astype(np.uint8))[None, None] for mask in (pair.reference, pair.prediction)
    )
    masks = {"y_pred": prediction, "y": reference}
    surfaces = {**masks, "spacing": pair.spacing, "include_background": True}

    def run() -> Numbers:
        numbers: dict[str, float | None] = {
            "dice": float(compute_dice(**masks, include_background=True)),
            "hd95_max": float(compute_hausdorff_distance(**surfaces, percentile=95)),
            "assd_pooled": float(compute_average_surface_distance(**surfaces, symmetric=True)),
        }
        for tolerance in TOLERANCES:
            nsd = compute_surface_dice(**surfaces, class_thresholds=[tolerance * (1 + 1e-6)])
            numbers[f"nsd_voxels@{tolerance}"] = float(nsd)
        return numbers

    return run
