"""panoptica: a whole case, masks already in memory. It takes one tolerance and gives no diameters.

What it says of all lesions' surfaces together ignores the spacing; those numbers are timed and not compared.
"""

from __future__ import annotations

from collections.abc import Callable

from panoptica import (
    CCABackend,
    ConnectedComponentsInstanceApproximator,
    InputType,
    MaxBipartiteMatching,
    Metric,
    Panoptica_Evaluator,
    disable_citation_reminder,
)
from panoptica.utils.segmentation_class import LabelGroup, SegmentationClassGroups

from tests.benchmarks.case import LESIONS, PANCREAS, CaseFiles
from tests.benchmarks.inputs import read_pair
from tests.benchmarks.numbers import Numbers


def case(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    disable_citation_reminder()
    pair = read_pair(files)
    program = Panoptica_Evaluator(
        expected_input=InputType.SEMANTIC,
        instance_approximator=ConnectedComponentsInstanceApproximator(cca_backend=CCABackend.cc3d),
        instance_matcher=MaxBipartiteMatching(matching_metric=Metric.IOU, matching_threshold=0.1),
        segmentation_class_groups=SegmentationClassGroups(
            {"pancreas": LabelGroup(PANCREAS, single_instance=True), "lesions": LabelGroup(LESIONS)}
        ),
        instance_metrics=[Metric.DSC, Metric.IOU, Metric.ASSD, Metric.HD95, Metric.NSD],
        global_metrics=[Metric.DSC, Metric.ASSD, Metric.HD95, Metric.NSD],
    )

    def run() -> Numbers:
        found = program.evaluate(pair.prediction, pair.reference, voxelspacing=pair.spacing)
        pancreas, lesions = found["pancreas"].to_dict(), found["lesions"].to_dict()
        return {
            "hits": int(lesions["tp"]),
            "missed": int(lesions["fn"]),
            "false": int(lesions["fp"]),
            "pancreas.dice": float(pancreas["sq_dsc"]),
            "pancreas.hd95_pooled": float(pancreas["sq_hd95"]),
            "lesions.dice": float(lesions["global_bin_dsc"]),
        }

    return run
