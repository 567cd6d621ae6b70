"""Our side of every comparison."""

from __future__ import annotations

from collections.abc import Callable

from evaluator.records import Volume
from evaluator.scoring import score_label_maps, score_structures
from evaluator.volumes import read_volume
from tests.benchmarks.case import LESIONS, PANCREAS, TOLERANCES, CaseFiles
from tests.benchmarks.numbers import Numbers, numbers_of, under


def outline(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    """One structure, from two masks of the whole scan in memory."""
    reference, prediction = (
        Volume(volume.data == label, volume.grid) for volume in map(read_volume, (files.reference, files.prediction))
    )
    return lambda: numbers_of(score_structures(reference, prediction, tolerances=TOLERANCES)["1"])


def case(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """From two files to every metric: structures, lesions, findings, matches, diameters, outlines of the hits."""

    def run() -> Numbers:
        reference = read_volume(files.reference)
        prediction = read_volume(files.prediction, expect=reference.grid)
        score = score_label_maps(
            reference, prediction, lesion_label=LESIONS, names={PANCREAS: "pancreas"}, tolerances=TOLERANCES
        )
        hits = sum(lesion.hit for lesion in score.lesions)
        numbers: dict[str, float | None] = {
            "hits": hits,
            "missed": len(score.lesions) - hits,
            "false": sum(finding.lesion is None for finding in score.findings),
        }
        for name in ("pancreas", "lesions"):
            numbers |= numbers_of(score.structures[name], structure=name)
        for lesion in score.lesions:
            numbers |= under(f"lesion {lesion.id}", {"diameter": lesion.diameter_mm, "ml": lesion.volume_ml})
            if lesion.outline is not None:
                numbers |= numbers_of(lesion.outline, structure=f"lesion {lesion.id}")
        return numbers

    return run


def structures(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """Every structure of a label map, from two label maps in memory."""
    reference, prediction = read_volume(files.reference), read_volume(files.prediction)

    def run() -> Numbers:
        numbers: dict[str, float | None] = {}
        for name, score in score_structures(reference, prediction, tolerances=TOLERANCES).items():
            numbers |= numbers_of(score, structure=name)
        return numbers

    return run
