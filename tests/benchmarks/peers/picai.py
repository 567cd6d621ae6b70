"""picai_eval: detection only, masks already in memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from picai_eval import evaluate

from tests.benchmarks.case import LESIONS, CaseFiles
from tests.benchmarks.inputs import read_pair
from tests.benchmarks.numbers import Numbers


def case(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    pair = read_pair(files).of(LESIONS)
    found, truth = pair.prediction.astype(np.float32), pair.reference.astype(np.int32)

    def run() -> Numbers:
        metrics = evaluate(y_det=[found], y_true=[truth], num_parallel_calls=1)
        listed = metrics.lesion_results_flat
        return {
            "hits": sum(bool(lesion and confidence) for lesion, confidence, _ in listed),
            "missed": sum(bool(lesion and not confidence) for lesion, confidence, _ in listed),
            "false": sum(not lesion for lesion, _, _ in listed),
        }

    return run
