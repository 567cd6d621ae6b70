"""Our side of every comparison."""

from __future__ import annotations

from collections.abc import Callable

from evaluator.records import Grid, Prediction
from evaluator.scoring import score_case, score_structures
from evaluator.scoring.objects import foreground
from evaluator.scoring.surfaces import score_structure
from evaluator.volumes import read_volume
from tests.benchmarks.case import LESIONS, PANCREAS, TOLERANCES, CaseFiles
from tests.benchmarks.numbers import Numbers, numbers_of, under


def outline(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    """One structure, from two masks of the whole scan in memory."""
    volume = read_volume(files.reference)
    grid: Grid = volume.grid
    reference, prediction = volume.data == label, read_volume(files.prediction).data == label

    def run() -> Numbers:
        score = score_structure(
            reference=foreground(reference), prediction=foreground(prediction), grid=grid, tolerances=TOLERANCES
        )
        return numbers_of(score)

    return run


def case(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """From two files to every metric: structures, lesions, findings, matches, diameters, outlines of the hits."""

    def run() -> Numbers:
        reference = read_volume(files.reference)
        prediction = Prediction(lesions=read_volume(files.prediction, expect=reference.grid))
        score = score_case(
            reference, prediction, tolerances=TOLERANCES, lesion_label=LESIONS, names={PANCREAS: "pancreas"}
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
