"""MetricsReloaded. It is in no package index: it is measured where somebody has installed it from its source."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from MetricsReloaded.metrics.pairwise_measures import BinaryPairwiseMeasures

from tests.benchmarks.case import TOLERANCES, CaseFiles
from tests.benchmarks.inputs import read_pair
from tests.benchmarks.numbers import Numbers


def outline(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    pair = read_pair(files).of(label)
    reference, prediction = pair.reference.astype(np.uint8), pair.prediction.astype(np.uint8)

    def run() -> Numbers:
        wanted: dict[str, float] = {"hd_perc": 95}
        measures = BinaryPairwiseMeasures(prediction, reference, pixdim=pair.spacing, dict_args=wanted)
        numbers: dict[str, float | None] = {}
        for tolerance in TOLERANCES:  # the distances are kept from one tolerance to the next
            wanted["nsd"] = tolerance * (1 + 1e-6)
            numbers[f"nsd_voxels@{tolerance}"] = float(measures.normalised_surface_distance())
        _, assd, hd95, masd = measures.measured_distance()
        return numbers | {
            "dice": float(measures.dsc()),
            "hd95_max": float(hd95),
            "assd_pooled": float(assd),
            "masd": float(masd),
        }

    return run
